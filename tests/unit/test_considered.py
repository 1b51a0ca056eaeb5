"""What people wrote between the bridge's reading and its writing, with what the store tells beside the notes."""

from __future__ import annotations

from datetime import timedelta

from bridge.core.decide import wants
from bridge.core.model import History, OwnStep, Step
from bridge.core.terms import Clock
from tests.unit.making import BRIDGE, INSTALL, SYSTEM, UPDATE, WAITING, did, journal, look, moment, ticket
from tests.unit.worlds import MINUTE, TEN, World

ANSWER = f"{SYSTEM}: Альт Сервер 10.2, x86_64\n{UPDATE}: вчера вечером"


def known(at: str, *steps: Step, saw: dict[int, int]) -> History:
    """What the store says of steps of one note."""
    return History(done=tuple(OwnStep(step, 1, moment(at)) for step in steps), saw=saw)


def test_w4_an_answer_seconds_before_the_request_is_thanked_for() -> None:
    """The request's note is seconds younger than the answer that it knew nothing of: the store's moment of it does not hide the answer."""
    asked = did("11-23 10:15:04", Step.ACKNOWLEDGE, Step.ASK, status=("Новая", WAITING))
    seen = ticket(INSTALL, journal("11-23 10:15:01", notes=ANSWER), asked)
    history = known("11-23 10:15:04", Step.ACKNOWLEDGE, Step.ASK, saw={2: 0})
    found = [one.step for one in wants(look(seen, "11-23 10:30", history=history))]
    assert found == [Step.THANK, Step.SET_TERM]


def test_p4_a_note_whose_footer_was_cut_off_is_no_answer() -> None:
    """Somebody edits the acknowledgement: the store knows whose it is, and the term runs on; without the store it is a person's."""
    edited = journal("11-23 10:01", BRIDGE, "Здравствуйте! Мы получили Ваше обращение.")
    seen = ticket("Чем отличаются продукты?", edited)
    history = known("11-23 10:01", Step.ACKNOWLEDGE, saw={1: 0})
    assert look(seen, "11-23 12:00", history=history).standing.clock is Clock.RUNNING
    assert wants(look(seen, "11-23 12:00", history=history)) == ()
    assert look(seen, "11-23 12:00").standing.clock is Clock.ANSWERED


def test_trap_6_an_answer_seconds_before_the_request_is_read_by_the_engine(world: World) -> None:
    """The same through the engine, which assesses a ticket more than once in a look: nothing is asked again, the answer is thanked for."""
    number = world.open(INSTALL)

    def answer() -> None:
        world.customer.note(number, ANSWER, at=world.cabinet.now)
        world.cabinet.now += timedelta(seconds=2)

    world.tracker.meanwhile = answer
    world.look(number)
    world.look(number, TEN + 30 * MINUTE)
    assert [note.rpartition("· ")[2] for note in world.notes(number)] == [
        "подтверждение 1, запрос сведений 1",
        "благодарность 1, срок 1",
    ]
    assert world.cabinet.tickets[number].state.status == "В работе"
