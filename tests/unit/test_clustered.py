"""What a replica does beside its jobs: webhooks go into the queue, and stay where the queue is away."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bridge.errors import TemporaryError
from bridge.service.clustered import hand_over
from bridge.watch.hints import Hint, Hints


@dataclass
class FakeQueue:
    """Remembers what was put in; away after so many."""

    away_after: int = 1000
    hinted: list[tuple[int, str]] = field(default_factory=list)
    polls: int = 0

    def hint(self, ticket_id: int, tracker: str) -> bool:
        """See `Queue.hint`."""
        if len(self.hinted) >= self.away_after:
            raise TemporaryError("away")
        self.hinted.append((ticket_id, tracker))
        return True

    def poll(self) -> bool:
        """See `Queue.poll`."""
        self.polls += 1
        return True


def test_trap_16_webhooks_go_into_the_queue() -> None:
    """Each ticket once, with its tracker."""
    hints, queue = Hints(), FakeQueue()
    hints.put(Hint(1), Hint(2), Hint(1, "ТехП Пресейл"))
    hand_over(hints, queue)  # type: ignore[arg-type]
    assert (queue.hinted, len(hints)) == ([(1, "ТехП Пресейл"), (2, "")], 0)


def test_what_cannot_be_put_in_stays() -> None:
    """The database is away in the middle: the rest is put in when it is back."""
    hints, queue = Hints(), FakeQueue(away_after=1)
    hints.put(Hint(1), Hint(2), Hint(3))
    with pytest.raises(TemporaryError):
        hand_over(hints, queue)  # type: ignore[arg-type]
    queue.away_after = 1000
    hand_over(hints, queue)  # type: ignore[arg-type]
    assert [number for number, _ in queue.hinted] == [1, 2, 3]


def test_too_many_webhooks_make_one_list() -> None:
    """Polling finds them all for less."""
    hints, queue = Hints(at_most=2), FakeQueue()
    hints.put(*(Hint(number) for number in range(5)))
    hand_over(hints, queue)  # type: ignore[arg-type]
    assert (queue.polls, queue.hinted) == (1, [])
