"""The jobs as procrastinate runs them: the list and the mail by the clock, tickets when they are put in, and what a dead replica left."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status

from bridge.cluster.place import arguments
from bridge.cluster.queue import LOOK, MAIL, POLL, PRIORITY, RESCUE, Queue
from bridge.cluster.schedule import cron
from bridge.cluster.work import Work

log: Final = logging.getLogger("bridge.cluster")


@dataclass(frozen=True)
class Times:
    """How often the list is made, a replica says that it lives, and after how much silence it counts as dead."""

    every: timedelta = timedelta(minutes=1)
    heartbeat: timedelta = timedelta(seconds=10)
    dead_after: timedelta = timedelta(seconds=30)

    @property
    def lease(self) -> timedelta:
        """How long a cluster that has stopped keeps `run` out."""
        return max(3 * self.every, timedelta(minutes=3))


def application(url: str, work: Work, queue: Queue, times: Times, turn: AbstractContextManager[Any]) -> App:
    """What a replica tells procrastinate. `turn` is held while a job works."""
    app = App(connector=PsycopgConnector(kwargs=arguments(url), min_size=1, max_size=4, timeout=15))

    def poll(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        with turn:
            work.poll()

    def mail(timestamp: int) -> None:  # noqa: ARG001
        with turn:
            work.mail()

    def look(ticket_id: int, poll: str, tracker: str = "") -> None:
        with turn:
            work.look(ticket_id, poll, tracker)

    async def rescue(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        await take_over(app, queue, times.dead_after, context.job.worker_id, context.job.id)

    often, sometimes = cron(times.every), cron(max(times.dead_after / 2, timedelta(seconds=1)))
    app.task(name=LOOK, priority=PRIORITY[LOOK])(look)
    _periodic(app, often, app.task(name=POLL, lock=POLL, queueing_lock=POLL, priority=PRIORITY[POLL])(poll))
    _periodic(app, often, app.task(name=MAIL, lock=MAIL, queueing_lock=MAIL, priority=PRIORITY[MAIL])(mail))
    # Without a lock: one that died with its replica must not keep the next one out.
    rescuing = app.task(name=RESCUE, queueing_lock=RESCUE, priority=PRIORITY[RESCUE], pass_context=True)(rescue)
    _periodic(app, sometimes, rescuing)
    return app


def _periodic(app: App, pattern: str, task: Any) -> None:
    app.periodic(cron=pattern)(task)


async def take_over(app: App, queue: Queue, dead_after: timedelta, worker_id: int | None, but: int | None) -> None:
    """Have done again what replicas left that are dead, and what this one was at when the database was away; `but` is its present job."""
    silent = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after.total_seconds())
    for job in [*silent, *queue.left_over(worker_id, but)]:
        await _again(app, job)


async def _again(app: App, job: Job) -> None:
    """Back into the queue; where the same waits there already, or it comes by the clock anyway, that is enough."""
    log.warning("%s of a replica that is gone is taken over", job.call_string)
    try:
        if job.task_name == LOOK and not await _waits_again(app, job):
            return
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
    except ConnectorException as error:
        log.info("%s is taken over by another replica: %s", job.call_string, error)


async def _waits_again(app: App, job: Job) -> bool:
    """Put a job back; True where the same ticket waits already, and this one can go."""
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:
        return True
    return False
