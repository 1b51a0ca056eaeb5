"""The ledger against a dictionary: whatever is claimed, settled, released and forgotten in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.adapters.store import SqlStore
from bridge.core.model import OwnStep, Step
from bridge.ports import Claim, ClaimState

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
TICKETS = (7, 8)
CLAIM = st.builds(
    Claim,
    st.sampled_from(TICKETS),
    st.sampled_from([Step.ASK, Step.REMIND]),
    st.integers(1, 2),
    st.sampled_from(["", "Monday"]),
)
OUTCOME = st.sampled_from([ClaimState.CONFIRMED, ClaimState.REFUSED])


class Ledger(RuleBasedStateMachine):
    """W3 and trap 4: nothing but a release undoes a claim, nothing at all undoes a confirmation."""

    def __init__(self) -> None:
        super().__init__()
        self.store = SqlStore("sqlite://")
        self.model: dict[Claim, tuple[ClaimState, datetime]] = {}
        self.now = START

    @rule(claims=st.lists(CLAIM, max_size=3, unique=True))
    def claim(self, claims: list[Claim]) -> None:
        """All or none."""
        self.now += timedelta(days=400)
        free = not any(claim in self.model for claim in claims)
        assert self.store.claim(claims, self.now) == free
        if free:
            self.model.update((claim, (ClaimState.CLAIMED, self.now)) for claim in claims)

    @rule(claim=CLAIM, outcome=OUTCOME)
    def settle(self, claim: Claim, outcome: ClaimState) -> None:
        """Any outcome, unless confirmed before."""
        self.now += timedelta(minutes=1)
        self.store.settle(claim, outcome, self.now)
        if self.model.get(claim, (None,))[0] is not ClaimState.CONFIRMED:
            self.model[claim] = (outcome, self.now)

    @rule(claim=CLAIM)
    def release(self, claim: Claim) -> None:
        """Only what is not settled."""
        self.store.release(claim)
        if self.model.get(claim, (None,))[0] is ClaimState.CLAIMED:
            del self.model[claim]

    @rule(ticket=st.sampled_from(TICKETS))
    def forget(self, ticket: int) -> None:
        """Changes nothing."""
        self.store.forget(ticket)

    @invariant()
    def the_store_tells_the_same(self) -> None:
        """Open claims and steps done are those of the dictionary."""
        for ticket in TICKETS:
            mine = {claim: kept for claim, kept in self.model.items() if claim.ticket_id == ticket}
            unsettled = {
                (c.step, c.ordinal, c.anchor, at) for c, (state, at) in mine.items() if state is ClaimState.CLAIMED
            }
            done = sorted(
                (at, c.step, c.ordinal, c.anchor) for c, (state, at) in mine.items() if state is not ClaimState.CLAIMED
            )
            assert {(c.step, c.ordinal, c.anchor, c.at) for c in self.store.claims(ticket)} == unsettled
            assert self.store.history(ticket).done == tuple(
                OwnStep(step, n, at, anchor) for at, step, n, anchor in done
            )

    def teardown(self) -> None:
        """Let go of the database."""
        self.store.close()


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
