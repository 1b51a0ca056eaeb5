"""One ticket against a cabinet in memory: claim, write, read back, confirm; what goes wrong; the brakes; kept roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from bridge.adapters.store import SqlStore
from bridge.core.model import Attribute, OwnStep, Step
from bridge.engine import BrakeError, Result
from bridge.errors import BridgeError, NotDoneError, NotFoundError, PermanentError, TemporaryError, UnknownOutcomeError
from bridge.ports import Claim, ClaimState
from tests.fakes.cabinet import BRIDGE
from tests.fakes.tracker import FakeTracker
from tests.unit.making import DEV, FEATURE, INSTALL, LICENSE, SYSTEM, UPDATE, hours, moment
from tests.unit.worlds import MINUTE, TEN, World, limited

# --- the plain way --------------------------------------------------------------------------------------------------------------------


def test_w3_a_note_is_written_confirmed_and_not_repeated(world: World) -> None:
    """One look writes, the ledger knows the steps with their journal, the next look writes nothing."""
    number = world.open()
    first = world.look(number)
    assert (first.result, first.troubles) == (Result.WRITTEN, ())
    assert [own.step for own in world.store.history(number).done] == [Step.ACKNOWLEDGE, Step.SET_TERM]
    assert world.store.claims(number) == ()
    assert world.look(number, TEN + 20 * MINUTE).result is Result.NOTHING
    assert len(world.notes(number)) == 1
    assert world.cabinet.tickets[number].state.due_date == "2026-11-25"


def test_p4_losing_the_store_repeats_nothing(world: World) -> None:
    """With an empty store the notes in Redmine are known by their footers."""
    number = world.open(LICENSE)
    world.look(number)
    before = len(world.notes(number))
    with SqlStore("sqlite://") as empty:
        world.store = empty
        assert world.look(number, TEN + 20 * MINUTE).result is Result.NOTHING
    assert len(world.notes(number)) == before == 2


def test_t13_a_note_that_was_deleted_is_not_written_again(world: World) -> None:
    """The ledger outlives the note (trap 4)."""
    number = world.open()
    world.look(number)
    (journal,) = [one.id for login, one in world.cabinet.tickets[number].journals if login == BRIDGE]
    world.cabinet.edit_note(journal, "")
    assert world.look(number, TEN + 30 * MINUTE).result is Result.NOTHING


def test_plan_writes_nothing_anywhere(world: World) -> None:
    """`plan` says what a look would do; neither Redmine nor the store changes."""
    number = world.open(LICENSE)
    plan = world.engine.plan(number, TEN + 15 * MINUTE)
    assert plan.result is Result.WRITTEN
    assert [write.private for write in plan.writes] == [True, False]
    assert world.tracker.writes == []
    assert (world.store.known(number), dict(world.store.roles(number))) == (None, {})
    assert tuple(world.store.logged(number)) == ()


def test_every_decision_is_logged_with_its_reason(world: World) -> None:
    """The log has one line a decision, under the run's name."""
    number = world.open()
    world.look(number)
    rows = list(world.store.logged(number))
    assert len(rows) == 2


def test_redmines_clock_may_be_ahead(world: World) -> None:
    """A note of the next minute by Redmine's clock has happened all the same."""
    number = world.open()
    world.staff().note(number, "Ответ", at=TEN + 30 * MINUTE)
    assert world.look(number, TEN + 15 * MINUTE).result is Result.NOTHING


# --- W3: outcomes that are not known --------------------------------------------------------------------------------------------------


def test_w3_trap_5_a_write_that_happened_without_an_answer_is_not_repeated(world: World) -> None:
    """Redmine did it and the connection broke: the note is found, confirmed, and written once."""
    number = world.open()
    world.tracker.after_write.append(UnknownOutcomeError("no answer"))
    with pytest.raises(UnknownOutcomeError):
        world.look(number)
    assert len(world.store.claims(number)) == 2
    assert world.look(number, TEN + 16 * MINUTE).result is Result.NOTHING
    assert world.store.claims(number) == ()
    assert len(world.notes(number)) == 1


def test_w3_a_write_that_may_still_land_is_waited_for(world: World) -> None:
    """Until `settle_unknown` has passed the ticket is not written to; then it is written once."""
    number = world.open()
    world.tracker.before_write.append(UnknownOutcomeError("no answer"))
    with pytest.raises(UnknownOutcomeError):
        world.look(number)
    early = world.look(number, TEN + 17 * MINUTE)
    assert (early.result, world.notes(number)) == (Result.UNKNOWN, [])
    known = world.store.known(number)
    assert known is not None
    assert known.next_at == TEN + 20 * MINUTE
    assert world.look(number, TEN + 20 * MINUTE).result is Result.WRITTEN
    assert len(world.notes(number)) == 1


def test_w3_a_claim_of_a_clock_that_was_ahead_counts_from_now(world: World) -> None:
    """The clock was hours ahead when the outcome became unknown: `settle_unknown` is waited for by the right clock, then it is written once."""
    number = world.open()
    world.tracker.before_write.append(UnknownOutcomeError("no answer"))
    with pytest.raises(UnknownOutcomeError):
        world.look(number, TEN + hours(3))
    for minutes, result in ((15, Result.UNKNOWN), (19, Result.UNKNOWN), (20, Result.WRITTEN)):
        assert world.look(number, TEN + minutes * MINUTE).result is result
    assert len(world.notes(number)) == 1


def test_w3_a_write_that_lands_late_is_found(world: World) -> None:
    """The request arrives half a minute after the bridge gave up: still one note."""
    number = world.open()
    world.tracker.before_write.append(UnknownOutcomeError("no answer"))
    with pytest.raises(UnknownOutcomeError):
        world.look(number)
    plan = world.engine.plan(number, TEN + 15 * MINUTE)
    world.cabinet.now = TEN + 16 * MINUTE
    world.tracker.write(number, plan.writes[0])
    assert world.look(number, TEN + 30 * MINUTE).result is Result.NOTHING
    assert len(world.notes(number)) == 1


@pytest.mark.parametrize("done", [True, False], ids=["Redmine had done it", "Redmine had not"])
def test_w3_trap_5_killed_between_the_two_notes(world: World, done: bool) -> None:
    """The private note is out and the public one is not sure: both are there in the end, each once."""
    number = world.open(LICENSE)
    queue = world.tracker.after_write if done else world.tracker.before_write
    queue.extend([None, UnknownOutcomeError("killed")])
    with pytest.raises(UnknownOutcomeError):
        world.look(number)
    for minutes in (20, 25, 30):
        world.look(number, TEN + minutes * MINUTE)
    notes = world.notes(number)
    assert sorted("предложение ответа" in note for note in notes) == [False, True]
    assert world.cabinet.tickets[number].state.assigned_to == DEV


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(PermanentError("403"), id="a right that is missing"),
        pytest.param(NotDoneError("429"), id="too many requests, or no connection"),
    ],
)
def test_w3_a_write_that_was_not_done_is_tried_again_later(world: World, error: BridgeError) -> None:
    """What certainly did not happen leaves no claim behind: nothing has to be waited for."""
    number = world.open()
    world.tracker.before_write.append(error)
    with pytest.raises(type(error)):
        world.look(number)
    assert world.store.claims(number) == ()
    assert world.look(number, TEN + 16 * MINUTE).result is Result.WRITTEN


def test_w3_a_value_that_redmine_does_not_take_is_reported_once(world: World) -> None:
    """204 and nothing happened: one plain sentence, and the value is not tried again."""
    number = world.open()
    world.cabinet.not_taken.add((Attribute.DUE_DATE, "2026-11-25"))
    (trouble,) = world.look(number).troubles
    assert "did not take the due date «2026-11-25»" in trouble
    again = world.look(number, TEN + 30 * MINUTE)
    assert (again.result, again.troubles) == (Result.NOTHING, ())


class RivalStore(SqlStore):
    """A store in which another process is always a moment faster."""

    def claim(self, claims: Iterable[Claim], at: datetime) -> bool:
        """Somebody else claims the same first."""
        mine = tuple(claims)
        super().claim(mine[:1], at)
        return super().claim(mine, at)


def test_w3_another_process_at_the_same_step_keeps_this_one_from_writing(world: World) -> None:
    """Whoever claims first writes; the other one leaves it."""
    number = world.open()
    with RivalStore("sqlite://") as store:
        world.store = store
        world.look(number)
    assert world.tracker.writes == []


def test_w3_a_reminder_repeated_for_a_new_term_is_settled_apart(world: World) -> None:
    """The same step of an earlier term does not stand in for a claim of unknown outcome."""
    number = world.open()
    world.look(number)
    first = moment("11-25 14:00")
    world.look(number, first)
    claim = Claim(number, Step.REMIND, 1, "due another moment")
    world.store.claim([claim], first + MINUTE)
    assert world.look(number, first + 2 * MINUTE).result is Result.UNKNOWN
    world.look(number, first + 30 * MINUTE)
    assert world.store.claims(number) == ()
    assert OwnStep(Step.REMIND, 1, first, "due another moment") not in world.store.history(number).done


# --- W4: a person was faster ----------------------------------------------------------------------------------------------------------


def test_w4_a_persons_value_is_put_back_and_reported(world: World) -> None:
    """Somebody sets the due date between reading and writing: their value stands in the end."""
    number = world.open()
    world.tracker.meanwhile = lambda: world.staff().note(number, due_date="2026-12-10")
    (trouble,) = world.look(number).troubles
    assert "had set the due date to «2026-12-10» meanwhile; it was put back" in trouble
    assert world.cabinet.tickets[number].state.due_date == "2026-12-10"
    assert world.look(number, TEN + 30 * MINUTE).result is Result.NOTHING


def test_w4_the_same_value_set_by_a_person_is_no_conflict(world: World) -> None:
    """Both wanted the same: nothing to put back, nothing refused."""
    number = world.open()
    world.tracker.meanwhile = lambda: world.staff().note(number, due_date="2026-11-25")
    assert world.look(number).troubles == ()
    assert world.store.history(number).refused == frozenset()


def test_w4_an_answer_between_reading_and_writing_is_no_reason_to_write_again(world: World) -> None:
    """Staff answer while the acknowledgement is on its way: both stand, nothing follows."""
    number = world.open()
    world.tracker.meanwhile = lambda: world.staff().note(number, "Ответ")
    world.look(number)
    assert world.look(number, TEN + 30 * MINUTE).result is Result.NOTHING


def test_trap_6_an_answer_between_reading_and_asking_is_read(world: World) -> None:
    """The customer tells everything while the request is on its way: it is read, and nothing is asked again."""
    number = world.open(INSTALL)
    words = f"{SYSTEM}: Альт Сервер 10.2, x86_64\n{UPDATE}: вчера вечером"
    world.tracker.meanwhile = lambda: world.customer.note(number, words)
    world.look(number)
    world.look(number, TEN + 30 * MINUTE)
    state = world.cabinet.tickets[number].state
    assert (state.fields[SYSTEM], state.status) == ("Альт Сервер 10.2, x86_64", "В работе")
    assert sum("запрос сведений" in note for note in world.notes(number)) == 1


# --- W2: private notes ----------------------------------------------------------------------------------------------------------------


def test_w2_without_the_right_no_private_note_is_tried(world: World) -> None:
    """Where the role may not write private notes staff are not reminded, the customer is; it is said once."""
    for project in world.cabinet.projects.values():
        project.private_notes = False
    numbers = [world.open(LICENSE), world.open(LICENSE)]
    for number in numbers:
        world.look(number)
    assert all("предложение" not in note for number in numbers for note in world.notes(number))
    assert [len(world.notes(number)) for number in numbers] == [1, 1]
    assert len(world.said) == 1
    assert "no right to write private notes" in world.said[0]


class Deceived(FakeTracker):
    """A tracker that believes to have the right which Redmine does not grant."""

    def may_write_private(self, project: str) -> bool:
        """Always."""
        return True


def test_w2_a_note_that_came_out_public_is_blanked_and_was_the_last(world: World) -> None:
    """Redmine made it public all the same: blanked, reported as mailed already, no more private notes there."""
    for project in world.cabinet.projects.values():
        project.private_notes = False
    world.tracker = Deceived(world.cabinet, world.rules.redmine, world.tracker.departments)
    number = world.open(LICENSE)
    troubles = world.look(number).troubles
    assert any("came out public and was blanked; it was already mailed" in one for one in troubles)
    assert not any("предложение" in note for note in world.notes(number))
    second = world.open(LICENSE)
    world.look(second)
    assert len(world.notes(second)) == 1


def test_m2_a_lead_who_cannot_be_made_a_watcher_is_reported(world: World) -> None:
    """The note goes out all the same, and the operator hears why nobody was mailed."""
    world.rules = replace(world.rules, lead="nobody")
    number = world.open()
    world.look(number)
    look = world.look(number, moment("11-26 12:00"))
    assert any("«nobody» could not be made a watcher" in one for one in look.troubles)
    assert any("эскалация" in note for note in world.notes(number))


def test_m2_the_lead_is_a_watcher_before_the_note(world: World) -> None:
    """Who is escalated to watches the ticket."""
    number = world.open()
    world.look(number, moment("11-26 12:00"))
    assert "Ольга Орлова" in world.cabinet.tickets[number].watchers


# --- W5: brakes -----------------------------------------------------------------------------------------------------------------------


def test_w5_trap_17_an_old_ticket_is_never_written_to(world: World) -> None:
    """A ticket received before `not_before` is left alone, whatever changes in it, until it is adopted."""
    number = world.open(at=moment("09-01 10:00"))
    world.customer.note(number, "А что с моим вопросом?", at=TEN)
    assert world.look(number).result is Result.OLD
    assert world.tracker.writes == []
    world.store.adopt(number, TEN)
    assert world.look(number, TEN + 20 * MINUTE).result is Result.WRITTEN


def test_w5_a_ticket_of_that_very_moment_is_new(world: World) -> None:
    """Received exactly at `not_before` it is looked after."""
    world.rules = limited(world.rules, not_before=TEN)
    assert world.look(world.open()).result is Result.WRITTEN


@pytest.mark.parametrize("whole", [True, False], ids=["everything", "one route"])
def test_w5_shadow_decides_and_writes_nothing(world: World, whole: bool) -> None:
    """In shadow the decisions are logged and nothing is written; one route can be in shadow alone."""
    routes = tuple(replace(one, shadow=one.kind == "product-info") for one in world.rules.routes)
    world.rules = limited(world.rules, shadow=True) if whole else replace(world.rules, routes=routes)
    number, other = world.open(), world.open(FEATURE)
    look = world.look(number)
    assert (look.result, world.tracker.writes) == (Result.SHADOW, [])
    assert look.decisions != ()
    assert "not written" in str(list(world.store.logged(number)))
    assert world.look(other).result is (Result.SHADOW if whole else Result.WRITTEN)


def test_w5_a_spent_budget_stops_before_writing(world: World) -> None:
    """Two notes are wanted and one is left: neither is written."""
    number = world.open(LICENSE)
    with pytest.raises(BrakeError):
        world.look(number, left=1)
    assert world.tracker.writes == []
    assert world.store.claims(number) == ()


# --- P1: who spoke --------------------------------------------------------------------------------------------------------------------


def test_p1_who_spoke_is_kept(world: World) -> None:
    """An engineer who leaves the project does not turn an old answer into a customer's note."""
    number = world.open()
    world.staff().note(number, "Ответ", at=TEN + MINUTE)
    assert world.look(number).result is Result.NOTHING
    world.cabinet.accounts["ivanov"] = replace(world.cabinet.accounts["ivanov"], groups=())
    a = world.engine.assess(number, TEN + hours(1))
    assert a is not None
    assert a.standing.clock.value == "answered"
    world.staff().note(number, "Я здесь больше не работаю, а вопрос есть", at=TEN + hours(2))
    a = world.engine.assess(number, TEN + hours(3))
    assert a is not None
    assert (a.standing.clock.value, len(a.standing.terms)) == ("running", 2)


def test_p1_looking_only_does_not_keep_who_spoke(world: World) -> None:
    """`show` and `plan` leave the store as it is."""
    number = world.open()
    world.staff().note(number, "Ответ")
    world.engine.assess(number, TEN, keep=False)
    assert world.store.roles(number) == {}


# --- gone -----------------------------------------------------------------------------------------------------------------------------


GONE: list[tuple[str, Callable[[World, int], object]]] = [
    ("deleted", lambda world, number: world.cabinet.tickets.pop(number)),
    ("hidden", lambda world, number: setattr(world.cabinet.tickets[number], "hidden", True)),
    ("moved to another tracker", lambda world, number: world.staff().note(number, tracker="Ошибка")),
]


@pytest.mark.parametrize("leave", [leave for _, leave in GONE], ids=[name for name, _ in GONE])
def test_a_ticket_that_is_gone_is_forgotten(world: World, leave: Callable[[World, int], object]) -> None:
    """It wakes up nobody any more; the ledger keeps what was said (trap 4)."""
    number = world.open()
    world.look(number)
    leave(world, number)
    assert world.look(number, TEN + hours(1)).result is Result.GONE
    assert world.store.known(number) is None
    assert len(world.store.history(number).done) == 2


def test_what_cannot_be_read_is_raised(world: World) -> None:
    """A ticket that cannot be read for other reasons is not forgotten."""
    number = world.open()
    for error in (TemporaryError("503"), PermanentError("403")):
        world.tracker.broken[number] = error
        with pytest.raises(type(error)):
            world.look(number)
    world.tracker.broken[number] = NotFoundError("404")
    assert world.look(number).result is Result.GONE


def test_a_claim_settled_by_hand_is_history(world: World) -> None:
    """A confirmed step counts as done, whoever confirmed it."""
    number = world.open()
    for step in (Step.ACKNOWLEDGE, Step.SET_TERM):
        world.store.settle(Claim(number, step, 1), ClaimState.CONFIRMED, TEN)
    assert world.look(number).result is Result.NOTHING
