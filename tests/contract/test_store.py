"""The contract of `bridge.ports.Store`, over SQLite in a file, SQLite in memory and PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine, inspect, make_url

from bridge.adapters.store import SqlStore
from bridge.adapters.store.schema import metadata
from bridge.core.model import Attribute, History, OwnStep, Refusal, Role, Step
from bridge.errors import PermanentError, TemporaryError
from bridge.ports import Claim, ClaimState, Known, Logged, Store
from tests.contract.databases import FORK, Cluster, in_processes, patient

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
YEARS = timedelta(days=3653)
ASK = Claim(7, Step.ASK, 1)
REMIND = Claim(7, Step.REMIND, 1, "2026-11-24T15:00")


class TestLedger:
    """Claim, write, read back, confirm."""

    def test_w3_a_step_is_claimed_once(self, store: Store) -> None:
        """The second claim of a step gets False, whoever makes it."""
        assert store.claim([ASK], NOON)
        assert not store.claim([ASK], NOON + MINUTE)

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(Claim(8, Step.ASK, 1), id="of another ticket"),
            pytest.param(Claim(7, Step.THANK, 1), id="another step"),
            pytest.param(Claim(7, Step.ASK, 2), id="the second request"),
            pytest.param(Claim(7, Step.ASK, 1, "2026-11-24T15:00"), id="for another due moment"),
        ],
    )
    def test_w3_ticket_step_ordinal_and_anchor_make_a_claim(self, store: Store, other: Claim) -> None:
        """Claims that differ in one of the four don't hinder each other."""
        assert store.claim([ASK], NOON)
        assert store.claim([other], NOON)

    def test_w3_all_or_none_are_claimed(self, store: Store) -> None:
        """Where one of the claims is taken, the others are not made."""
        store.claim([REMIND], NOON)
        assert not store.claim([ASK, REMIND], NOON + MINUTE)
        assert store.claim([ASK], NOON + MINUTE)

    def test_w3_nothing_to_claim_is_claimed(self, store: Store) -> None:
        """No claims at all are no reason to hold back."""
        assert store.claim([], NOON)

    def test_w3_open_claims_are_told_oldest_first(self, store: Store) -> None:
        """What was claimed and not settled is there to be read back, with the moment of the claim."""
        store.claim([REMIND], NOON + MINUTE)
        store.claim([ASK], NOON)
        assert store.claims(7) == (
            Claim(7, Step.ASK, 1, at=NOON),
            Claim(7, Step.REMIND, 1, "2026-11-24T15:00", at=NOON + MINUTE),
        )
        assert store.claims(8) == ()
        assert store.history(7) == History()

    @pytest.mark.parametrize("outcome", [ClaimState.CONFIRMED, ClaimState.REFUSED])
    def test_w3_a_settled_step_is_history(self, store: Store, outcome: ClaimState) -> None:
        """Confirmed or refused, the step is done, is no open claim any more, and cannot be claimed again."""
        store.claim([ASK], NOON)
        store.settle(ASK, outcome, NOON + MINUTE, 41)
        assert store.history(7).done == (OwnStep(Step.ASK, 1, NOON + MINUTE),)
        assert store.claims(7) == ()
        assert not store.claim([ASK], NOON + MINUTE)

    def test_m1_history_tells_what_a_reminder_was_for(self, store: Store) -> None:
        """The anchor of a claim is the anchor of the step done."""
        store.claim([REMIND], NOON)
        store.settle(REMIND, ClaimState.CONFIRMED, NOON, 41)
        assert store.history(7).done == (OwnStep(Step.REMIND, 1, NOON, "2026-11-24T15:00"),)

    def test_w3_what_is_confirmed_stays_confirmed(self, store: Store) -> None:
        """A later outcome does not move the moment at which a step was seen done."""
        store.settle(ASK, ClaimState.CONFIRMED, NOON, 41)
        store.settle(ASK, ClaimState.REFUSED, NOON + MINUTE)
        assert store.history(7).done == (OwnStep(Step.ASK, 1, NOON),)

    def test_w3_what_was_refused_can_turn_out_to_be_done(self, store: Store) -> None:
        """A write that landed after all is confirmed over the refusal."""
        store.settle(ASK, ClaimState.REFUSED, NOON)
        store.settle(ASK, ClaimState.CONFIRMED, NOON + MINUTE, 41)
        assert store.history(7).done == (OwnStep(Step.ASK, 1, NOON + MINUTE),)

    def test_p4_a_step_that_nobody_claimed_can_be_confirmed(self, store: Store) -> None:
        """A note recognised by its footer after the store was lost is remembered."""
        store.settle(ASK, ClaimState.CONFIRMED, NOON, 41)
        assert not store.claim([ASK], NOON + MINUTE)

    def test_w3_a_claim_is_no_outcome(self, store: Store) -> None:
        """To settle as claimed is a mistake of the caller."""
        with pytest.raises(ValueError, match="confirmed or refused"):
            store.settle(ASK, ClaimState.CLAIMED, NOON)

    def test_w3_a_released_claim_can_be_made_again(self, store: Store) -> None:
        """A write known not to have happened leaves nothing behind."""
        store.claim([ASK, REMIND], NOON)
        store.release(ASK)
        assert [claim.step for claim in store.claims(7)] == [Step.REMIND]
        assert store.claim([ASK], NOON + MINUTE)

    def test_w3_a_settled_claim_is_not_released(self, store: Store) -> None:
        """What was done cannot be made undone."""
        store.settle(ASK, ClaimState.CONFIRMED, NOON, 41)
        store.release(ASK)
        assert store.history(7).done == (OwnStep(Step.ASK, 1, NOON),)

    def test_trap_4_the_ledger_outlives_the_ticket(self, store: Store) -> None:
        """A forgotten ticket's steps are still done, and its claims still held."""
        store.keep(Known(7, NOON, NOON, NOON, closed=False))
        store.settle(ASK, ClaimState.CONFIRMED, NOON, 41)
        store.claim([REMIND], NOON)
        store.forget(7)
        assert store.history(7).done == (OwnStep(Step.ASK, 1, NOON),)
        assert not store.claim([REMIND], NOON)

    def test_trap_4_the_ledger_never_expires(self, store: Store) -> None:
        """Ten years later a step is still done and a claim still held."""
        store.settle(ASK, ClaimState.CONFIRMED, NOON, 41)
        store.claim([REMIND], NOON)
        assert not store.claim([ASK], NOON + YEARS)
        assert not store.claim([REMIND], NOON + YEARS)

    def test_history_is_in_order_of_time(self, store: Store) -> None:
        """The steps done come in the order of their moments, whatever they are called."""
        store.settle(Claim(7, Step.THANK, 1), ClaimState.CONFIRMED, NOON, 42)
        store.settle(Claim(7, Step.ASK, 2), ClaimState.CONFIRMED, NOON + MINUTE, 43)
        store.settle(ASK, ClaimState.CONFIRMED, NOON - MINUTE, 41)
        assert [step.at for step in store.history(7).done] == [NOON - MINUTE, NOON, NOON + MINUTE]


class TestRefusedValues:
    """What Redmine answered 204 for and did not take."""

    def test_w3_a_refused_value_is_reported_once(self, store: Store) -> None:
        """The first time is news, the second is not, another value is again."""
        assert store.refuse(7, Attribute.FIELD, "OS", "ALT", NOON)
        assert not store.refuse(7, Attribute.FIELD, "OS", "ALT", NOON + MINUTE)
        assert store.refuse(7, Attribute.FIELD, "OS", "", NOON)
        assert store.refuse(8, Attribute.FIELD, "OS", "ALT", NOON)

    def test_w3_history_tells_refused_values(self, store: Store) -> None:
        """Attribute, field's name and value come back as they were."""
        store.refuse(7, Attribute.FIELD, "Сведения о системе", "ALT «Рабочая станция»", NOON)
        store.refuse(7, Attribute.STATUS, "", "Ожидание", NOON)
        assert store.history(7).refused == {
            Refusal(Attribute.FIELD, "ALT «Рабочая станция»", "Сведения о системе"),
            Refusal(Attribute.STATUS, "Ожидание"),
        }

    def test_w3_a_refused_value_may_be_long(self, store: Store) -> None:
        """A value that no index entry could hold is remembered whole, and told from one that differs at its end."""
        long = "".join(chr(33 + n * n % 90) for n in range(100_000))
        assert store.refuse(7, Attribute.FIELD, "log", long, NOON)
        assert store.refuse(7, Attribute.FIELD, "log", long + ".", NOON)
        assert not store.refuse(7, Attribute.FIELD, "log", long, NOON)
        assert Refusal(Attribute.FIELD, long, "log") in store.history(7).refused


class TestPeople:
    """Who spoke, as it was first seen."""

    def test_p1_the_role_first_seen_stays(self, store: Store) -> None:
        """An engineer who left is still staff in the journals of that time; new journals get the new role."""
        store.keep_roles(7, {41: Role.STAFF})
        store.keep_roles(7, {41: Role.CUSTOMER, 42: Role.CUSTOMER})
        assert store.roles(7) == {41: Role.STAFF, 42: Role.CUSTOMER}
        assert store.roles(8) == {}

    def test_p1_roles_outlive_the_ticket(self, store: Store) -> None:
        """A ticket that comes back into the scope has the speakers it had."""
        store.keep_roles(7, {41: Role.STAFF})
        store.forget(7)
        store.keep_roles(7, {})
        assert store.roles(7) == {41: Role.STAFF}


def known(ticket_id: int, next_at: datetime | None = None, *, closed: bool = False) -> Known:
    """A ticket read at noon."""
    return Known(ticket_id, NOON, NOON, next_at, closed)


class TestTickets:
    """What is remembered of tickets between passes."""

    def test_t13_what_is_kept_is_known(self, store: Store) -> None:
        """All that was kept comes back, to the microsecond, the last one counting."""
        store.keep(known(7))
        last = Known(
            7, NOON + timedelta(microseconds=1), NOON, NOON + MINUTE, closed=True, tries=2, put_aside_until=NOON + YEARS
        )
        store.keep(last)
        assert store.known(7) == last
        assert store.known(8) is None

    def test_moments_come_back_aware_whatever_their_zone_was(self, store: Store) -> None:
        """A moment in another zone is the same moment, in UTC."""
        store.keep(known(7, NOON.astimezone(timezone(timedelta(hours=-11)))))
        kept = store.known(7)
        assert kept is not None
        assert kept.next_at == NOON
        assert kept.next_at.tzinfo is UTC

    def test_a_naive_moment_is_refused(self, store: Store) -> None:
        """A moment without a zone raises, and is not kept as something else."""
        with pytest.raises(ValueError, match="no time zone"):
            store.claim([ASK], NOON.replace(tzinfo=None))
        assert store.claims(7) == ()

    def test_t13_due_tickets_come_oldest_first(self, store: Store) -> None:
        """Whose moment has come, this one included, by moment; also across zones and parts of a second."""
        moscow = timezone(timedelta(hours=3))
        for ticket, moment in {
            1: NOON,
            2: NOON - YEARS,
            3: (NOON - MINUTE).astimezone(moscow),
            4: NOON - timedelta(microseconds=1),
            5: NOON + timedelta(microseconds=1),
            6: None,
        }.items():
            store.keep(known(ticket, moment))
        assert store.due(NOON) == (2, 3, 4, 1)

    def test_t13_open_tickets_are_those_kept_as_open(self, store: Store) -> None:
        """Closed and forgotten tickets are left out of the daily re-read."""
        store.keep(known(1))
        store.keep(known(2, closed=True))
        store.keep(known(3))
        store.forget(3)
        assert store.open_ids() == {1}

    def test_a_forgotten_ticket_is_not_due(self, store: Store) -> None:
        """A ticket that is gone wakes nobody, not even when it was backed off from."""
        store.keep(known(7, NOON))
        store.put_aside(7, NOON, "500")
        store.forget(7)
        assert store.due(NOON + YEARS) == ()
        assert store.known(7) is None

    def test_w6_failures_in_a_row_are_counted(self, store: Store) -> None:
        """Each one counts one up; a ticket that is kept without back-off starts again."""
        store.keep(known(7))
        assert [store.put_aside(7, NOON + MINUTE, "500") for _ in range(3)] == [1, 2, 3]
        kept = store.known(7)
        assert kept is not None
        assert (kept.tries, kept.put_aside_until, kept.read_at) == (3, NOON + MINUTE, NOON)
        store.keep(known(7))
        assert store.put_aside(7, NOON + MINUTE, "500") == 1

    def test_w6_back_off_comes_before_the_next_moment(self, store: Store) -> None:
        """A ticket that is put aside is not due before its back-off is over, though its moment has come; then it is."""
        store.keep(known(7, NOON - MINUTE))
        store.put_aside(7, NOON + MINUTE, "500")
        assert store.due(NOON) == ()
        assert store.due(NOON + MINUTE) == (7,)

    def test_w6_a_ticket_that_was_never_read_is_tried_again(self, store: Store) -> None:
        """It is due when its back-off is over, and still unknown."""
        assert store.put_aside(7, NOON, "500") == 1
        assert store.due(NOON) == (7,)
        assert store.known(7) is None
        store.keep(known(7))
        assert store.known(7) == known(7)


class TestNotes:
    """Named values, adoptions, the log of decisions."""

    def test_named_values(self, store: Store) -> None:
        """Set, replaced, removed by an empty one; one that was never set is empty."""
        assert store.get("cursor") == ""
        store.set("cursor", "2026")
        store.set("cursor", "2027")
        store.set("brake", "held")
        assert (store.get("cursor"), store.get("brake")) == ("2027", "held")
        store.set("cursor", "")
        assert (store.get("cursor"), store.get("brake")) == ("", "held")

    def test_w5_trap_17_an_old_ticket_is_adopted_for_good(self, store: Store) -> None:
        """Adopted it stays, said once or twice, also when it leaves the scope for a while."""
        assert not store.adopted(7)
        store.adopt(7, NOON)
        store.adopt(7, NOON + MINUTE)
        store.forget(7)
        assert store.adopted(7)
        assert not store.adopted(8)
        assert store.open_ids() == frozenset()

    def test_decisions_are_told_in_order(self, store: Store) -> None:
        """The log keeps the order of writing and everything that was logged."""
        step = OwnStep(Step.REMIND, 1, NOON, "2026-11-24T15:00")
        store.log("run-1", 7, NOON, [step], "«Сведения о системе» is missing")
        store.log("run-1", 8, NOON, [], "nothing to do")
        store.log("run-2", 7, NOON - MINUTE, [], "waits for the customer")
        assert list(store.logged(7)) == [
            Logged("run-1", 7, NOON, (step,), "«Сведения о системе» is missing"),
            Logged("run-2", 7, NOON - MINUTE, (), "waits for the customer"),
        ]

    def test_the_log_can_be_read_while_writing(self, store: Store) -> None:
        """Writing in the middle of reading neither waits nor fails."""
        store.log("run-1", 7, NOON, [], "first")
        for entry in store.logged(7):
            store.log("run-2", 7, NOON, [], f"after {entry.reason}")
        assert len(list(store.logged(7))) == 2


class TestOnePassAtATime:
    """The lease that a pass holds."""

    def test_a_pass_keeps_others_out_until_it_ends(self, store: Store) -> None:
        """A second `run` started by cron finds the first one working; after its end it may."""
        assert store.acquire_pass("a", NOON, MINUTE)
        assert not store.acquire_pass("b", NOON, MINUTE)
        store.release_pass("b")
        assert not store.acquire_pass("b", NOON, MINUTE)
        store.release_pass("a")
        assert store.acquire_pass("b", NOON, MINUTE)

    def test_who_has_the_pass_is_told(self, store: SqlStore) -> None:
        """Also of one whose time is over; nobody once it has been ended."""
        assert store.pass_owner() == ""
        store.acquire_pass("a", NOON - MINUTE, MINUTE)
        assert store.pass_owner() == "a"
        store.release_pass("a")
        assert store.pass_owner() == ""

    def test_a_pass_that_is_renewed_goes_on(self, store: Store) -> None:
        """Time counts from the last renewal, by the owner also by acquiring again."""
        store.acquire_pass("a", NOON, MINUTE)
        assert store.renew_pass("a", NOON + MINUTE, MINUTE)
        assert not store.acquire_pass("b", NOON + MINUTE, MINUTE)
        assert store.acquire_pass("a", NOON + 2 * MINUTE, MINUTE)
        assert not store.acquire_pass("b", NOON + 2 * MINUTE, MINUTE)

    def test_trap_5_a_pass_that_crashed_ends_by_itself(self, store: Store) -> None:
        """At the end of its time somebody else takes over, and a late riser is told so."""
        store.acquire_pass("a", NOON, MINUTE)
        assert store.acquire_pass("b", NOON + MINUTE, MINUTE)
        assert not store.renew_pass("a", NOON + MINUTE, MINUTE)

    def test_a_pass_that_nobody_began_is_not_renewed(self, store: Store) -> None:
        """To renew is not to begin."""
        assert not store.renew_pass("a", NOON, MINUTE)

    def test_a_wrong_clock_does_not_hold_the_store_for_years(self, store: Store) -> None:
        """A pass begun in the far future by a wrong clock, and crashed, is taken over; one by a clock slightly ahead is not."""
        store.acquire_pass("a", NOON + YEARS, MINUTE)
        assert store.acquire_pass("b", NOON, MINUTE)
        store.acquire_pass("b", NOON + 5 * MINUTE, MINUTE)
        assert not store.acquire_pass("c", NOON, MINUTE)


class TestManyProcesses:
    """Processes that share one store, that die, that are away."""

    def test_w3_of_racing_processes_exactly_one_claims(self, shared_url: str) -> None:
        """Four processes claim the same hundred steps: each step is won once."""

        def work() -> list[int]:
            with patient(shared_url) as store:
                return [n for n in range(100) if store.claim([Claim(n, Step.ASK, 1)], NOON)]

        won = Counter(n for numbers in in_processes(*[work] * 4) for n in numbers)
        assert won == Counter(range(100))

    def test_w3_racing_claims_of_several_steps_are_all_or_none(self, shared_url: str) -> None:
        """The same steps claimed together in opposite order: nobody waits in a circle, one gets both, none is left half claimed."""

        def work(claims: list[Claim]) -> Callable[[], int]:
            def go() -> int:
                with patient(shared_url) as store:
                    return sum(store.claim([Claim(n, c.step, 1) for c in claims], NOON) for n in range(100))

            return go

        assert sum(in_processes(work([ASK, REMIND]), work([REMIND, ASK]))) == 100
        with SqlStore(shared_url) as store:
            assert all(len(store.claims(n)) == 2 for n in range(100))

    def test_of_racing_processes_exactly_one_begins_a_pass(self, shared_url: str) -> None:
        """Four processes open a store that does not exist yet, each wants a pass, and one gets it."""

        def work(owner: str) -> Callable[[], bool]:
            return lambda: patient(shared_url).acquire_pass(owner, NOON, MINUTE)

        assert sorted(in_processes(*(work(owner) for owner in "abcd"))) == [False, False, False, True]

    def test_trap_5_a_claim_survives_the_process_that_made_it(self, shared_url: str) -> None:
        """Killed right after claiming, the process leaves a claim that is told and cannot be made again."""

        def work() -> None:
            SqlStore(shared_url).claim([ASK], NOON)
            os.kill(os.getpid(), signal.SIGKILL)

        process = FORK.Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with SqlStore(shared_url) as store:
            assert [claim.step for claim in store.claims(7)] == [Step.ASK]
            assert not store.claim([ASK], NOON)

    def test_a_held_lock_is_a_temporary_error(self, shared_url: str) -> None:
        """While another process writes for longer than patience lasts, the sentence says where and what; afterwards it works."""
        lock = (
            "SELECT 1" if shared_url.startswith("sqlite") else "LOCK TABLE ledger"
        )  # SQLite's writer holds it from the start
        with SqlStore(shared_url) as other, SqlStore(shared_url, patience=timedelta(milliseconds=50)) as store:
            with other._database.writing() as db:
                db.exec_driver_sql(lock)
                with pytest.raises(TemporaryError, match="is held by another process; the next pass tries again"):
                    store.claim([ASK], NOON)
            assert store.claim([ASK], NOON)

    def test_a_server_that_restarts_is_a_temporary_error(self, cluster: Cluster) -> None:
        """While PostgreSQL is away the sentence says so without a password; when it is back the same store works."""
        url = cluster.database().replace("bridge@", "bridge:secret@")
        with SqlStore(url) as store:
            store.claim([ASK], NOON)
            cluster.stop()
            try:
                with pytest.raises(TemporaryError, match=r"out of reach|being stopped") as caught:
                    store.claims(7)
            finally:
                cluster.start()
            assert "secret" not in str(caught.value)
            assert [claim.step for claim in store.claims(7)] == [Step.ASK]

    def test_a_standby_is_a_permanent_error(self, cluster: Cluster) -> None:
        """A PostgreSQL that only reads is named, with what to do."""
        url = cluster.database()
        with SqlStore(url) as store:
            with store._database.writing() as db:
                db.exec_driver_sql(f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
            store.close()
            with pytest.raises(PermanentError, match="is read-only; name the primary server in the URL"):
                store.claim([ASK], NOON)


def test_the_migrations_make_the_tables_that_the_queries_use(shared_url: str) -> None:
    """Columns, keys, what may be empty and indexes are the same in the database and in the schema."""
    SqlStore(shared_url).close()
    engine = create_engine(shared_url.replace("postgresql:", "postgresql+psycopg:"))
    found = inspect(engine)
    assert set(found.get_table_names()) == set(metadata.tables)
    for name, table in metadata.tables.items():
        nullable = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert {column.name: column.nullable for column in table.columns} == nullable
        assert [column.name for column in table.primary_key] == found.get_pk_constraint(name)["constrained_columns"]
        indexes = {index["name"]: index["column_names"] for index in found.get_indexes(name)}
        assert {index.name: [column.name for column in index.columns] for index in table.indexes} == indexes
    engine.dispose()
