"""One replica: a worker that does one job at a time, started anew whenever the database was away, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bridge.cluster.place import prepare, told
from bridge.cluster.queue import Queue
from bridge.cluster.tasks import Times, application
from bridge.cluster.work import Work
from bridge.errors import TemporaryError

log: Final = logging.getLogger("bridge.cluster")

GLANCE: Final = 0.25
"""Seconds between two looks at the operator's signals and at webhooks."""
PATIENCE: Final = 5.0
"""Seconds before a worker is started anew."""


@dataclass
class Replica:
    """`turn` is held while a job works. Several times a second beside it `between` is called with the queue, and `waiting` while there is none."""

    url: str
    work: Callable[[Queue], Work]
    times: Times
    stopping: Callable[[], bool]
    between: Callable[[Queue], None] = lambda _queue: None
    waiting: Callable[[], None] = lambda: None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Work until told to stop; the job at hand is finished.

        Raises:
            PermanentError: the store is not on PostgreSQL, or the queue's tables cannot be made.
        """
        logging.getLogger("procrastinate").setLevel(logging.ERROR)  # it tells each job twice
        while not self.stopping():
            try:
                prepare(self.url)
                with Queue(self.url) as queue, told():
                    asyncio.run(self._work(queue))
            except TemporaryError as error:
                log.error("%s; tried again in %.0f s", error, PATIENCE)  # noqa: TRY400 - a sentence says more to the operator
            self._rest()

    async def _work(self, queue: Queue) -> None:
        """One worker's life. It ends by itself where the database goes away: a new one is registered then, and the old one's job taken over."""
        app = application(self.url, self.work(queue), queue, self.times, self.turn)
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(
                    concurrency=1,  # python-redmine is not thread-safe
                    install_signal_handlers=False,
                    delete_jobs="always",
                    update_heartbeat_interval=self.times.heartbeat.total_seconds(),
                    stalled_worker_timeout=self.times.dead_after.total_seconds(),
                )
            )
            await self._watch(worker, queue)

    async def _watch(self, worker: asyncio.Task[None], queue: Queue) -> None:
        while not worker.done() and not self.stopping():
            await asyncio.wait([worker], timeout=GLANCE)
            await asyncio.to_thread(self._glance, queue)
        if not worker.done():
            worker.cancel()  # procrastinate takes this for «finish the job at hand»
        try:
            await worker
        except asyncio.CancelledError:
            log.info("the job at hand is finished, the worker has ended")

    def _glance(self, queue: Queue) -> None:
        try:
            self.between(queue)
        except TemporaryError as error:
            log.error("webhooks are left to polling: %s", error)  # noqa: TRY400 - a sentence says more to the operator

    def _rest(self) -> None:
        for _ in range(int(PATIENCE / GLANCE)):
            if self.stopping():
                return
            self.waiting()
            time.sleep(GLANCE)
