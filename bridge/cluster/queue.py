"""What waits to be done, shared by all replicas: procrastinate's jobs, put in from whatever thread, one waiting for each ticket at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Self

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job

from bridge.cluster.place import arguments, told

LOOK, POLL, MAIL, RESCUE = "look", "poll", "mail", "rescue"
PRIORITY: Final = {RESCUE: 30, POLL: 20, MAIL: 10, LOOK: 0}
HINTED: Final = 15
"""The priority of a ticket that a webhook named: before those that a poll found."""


def lock(ticket_id: int) -> str:
    """No two jobs with one lock run at once."""
    return f"ticket-{ticket_id}"


class Queue:
    """The queue as the replica's own thread and the web server's use it; nothing of it is async."""

    def __init__(self, url: str) -> None:
        self._app = App(connector=SyncPsycopgConnector(kwargs=arguments(url), min_size=1, max_size=2, timeout=15))

    def __enter__(self) -> Self:
        with told():
            self._app.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._app.close()

    def waiting(self) -> frozenset[int]:
        """Tickets that wait to be looked at."""
        with told():
            jobs = self._app.job_manager.list_jobs(task=LOOK, status="todo")
        return frozenset(int(str(job.task_kwargs["ticket_id"])) for job in jobs)

    def look(self, tickets: Iterable[int], poll: str) -> int:
        """Have those looked at that do not wait already; how many were put in. `poll` names the list that they came with."""
        waiting = self.waiting()
        new = [ticket_id for ticket_id in tickets if ticket_id not in waiting]
        return sum(self._put(LOOK, lock(one), PRIORITY[LOOK], ticket_id=one, poll=poll) for one in new)

    def hint(self, ticket_id: int, tracker: str) -> bool:
        """Have a ticket looked at before the others; False when it waits already."""
        return self._put(LOOK, lock(ticket_id), HINTED, ticket_id=ticket_id, poll="", tracker=tracker)

    def poll(self) -> bool:
        """Have the list made now; False when that waits already."""
        return self._put(POLL, POLL, PRIORITY[POLL], timestamp=0)

    def left_over(self, worker_id: int | None, but: int | None) -> list[Job]:
        """Jobs that another job of this worker cannot still be at: it does one at a time. Their end could not be told to the database."""
        if worker_id is None:
            return []
        with told():
            jobs = self._app.job_manager.list_jobs(status="doing", worker_id=worker_id)
        return [job for job in jobs if job.id != but]

    def _put(self, task: str, name: str, priority: int, **given: Any) -> bool:
        deferrer = self._app.configure_task(task, lock=name, queueing_lock=name, priority=priority)
        try:
            with told():
                deferrer.defer(**given)
        except AlreadyEnqueued:
            return False
        return True
