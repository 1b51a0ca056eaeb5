"""Logs: one line a decision with ticket, reason and run; for people and for machines; nobody's name, address or words in any of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO

import pytest

from bridge.cli.logs import Discreet, JsonFormatter
from bridge.core.letter import Address
from bridge.core.model import Attribute
from bridge.errors import PermanentError, UnknownOutcomeError
from bridge.jobs import Pass
from bridge.mail.office import MailOffice
from bridge.watch.hints import Hint
from tests.fakes.desk import FakeDesk
from tests.unit.making import INSTALL, PRINTER, PRODUCT, SYSTEM, UPDATE
from tests.unit.test_mail_dispatch import Channel, MemoryPostman
from tests.unit.test_mail_intake import MemoryMailbox, Office, letter
from tests.unit.test_service import Stage
from tests.unit.worlds import TEN, World

PERSONAL = (
    "Пелагея",
    "pelageya@zavod.example",
    "+7 495",
    "Рога и копыта",
    "секрет",
    "Иван",
    "Петрова",
    "Орлова",
    "x86_64",
)


@pytest.fixture(params=[JsonFormatter, Discreet], ids=["for machines", "for people"])
def log(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """All that is logged, libraries included."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param())
    root, ours = logging.getLogger(), logging.getLogger("bridge")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


class NamedError(Exception):
    """Something nobody thought of, with a person's name in it."""


def blunder(words: dict[str, str]) -> None:
    """Fail with names in both errors."""
    try:
        words["Пелагея"]
    except KeyError as error:
        raise NamedError("pelageya@zavod.example") from error


def troubled(world: World) -> Stage:
    """A world in which people have names and addresses, and much goes wrong."""
    stage = Stage(world)
    world.cabinet.accounts["customer-01"].name = "Пелагея Рога и копыта"
    world.cabinet.accounts["customer-01"].mail = "pelageya@zavod.example"
    words = "Меня зовут Пелагея, +7 495 000-00-00, pelageya@zavod.example, секрет"
    fields = {SYSTEM: "Пелагея x86_64 секрет", UPDATE: ""}
    numbers = [world.open(f"{subject} Пелагея", description=words) for subject in (INSTALL, PRODUCT, PRINTER)]
    world.open(f"{INSTALL}: Рога и копыта", description=words, fields=fields)
    asked = numbers[0]
    world.tracker.broken[world.open()] = NamedError("Пелагея")  # type: ignore[assignment]
    world.tracker.broken[world.open()] = PermanentError("GET /issues/6.json: Redmine answered 418")
    world.tracker.after_write.extend([None, UnknownOutcomeError("PUT /issues/2.json: sent, but no answer came")])
    world.cabinet.not_taken.add((Attribute.FIELD, "Альт Пелагея секрет x86_64"))
    stage.serve(130)
    world.customer.note(asked, "Система: Альт Пелагея секрет x86_64\nОбновление: вчера", at=stage.clocks.now())
    stage.watch.hints.put(Hint(asked))
    world.tracker.meanwhile = lambda: world.staff().note(asked, assigned_to="Полина Петрова", due_date="2026-12-10")
    stage.serve(130)
    stage.clocks.today = TEN + timedelta(days=3)
    stage.serve(60)
    return stage


def test_nothing_personal_is_logged(world: World, log: StringIO) -> None:
    """Names, addresses, telephone numbers, what customers wrote: none of it, whatever goes wrong."""
    stage = troubled(world)
    text = log.getvalue()
    assert stage.value("decisions_total", step="ask", result="written")
    assert len(text.splitlines()) > 20
    assert [word for word in PERSONAL if word in text] == []


@pytest.mark.parametrize("log", [JsonFormatter], indirect=True, ids=["for machines"])
def test_one_line_for_each_decision(world: World, log: StringIO) -> None:
    """With ticket, step, reason and run as fields of their own, the same words as `log ID` shows."""
    number = world.open(PRODUCT)
    Stage(world).serve(1)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    decided = [line for line in lines if "step" in line]
    kept = list(world.store.logged(number))
    assert [line["step"] for line in decided] == ["acknowledge", "set_term"]
    assert [(line["run"], line["reason"]) for line in decided] == [(row.run, row.reason) for row in kept]
    for line in decided:
        assert list(line) == ["ts", "level", "logger", "run", "ticket", "step", "reason", "message"]
        assert (line["ticket"], line["level"], line["logger"]) == (number, "info", "bridge.engine")
        assert datetime.fromisoformat(line["ts"]).utcoffset() == timedelta(0)
    assert len({line["run"] for line in lines if "run" in line}) == 1


@pytest.mark.parametrize("log", [Discreet], indirect=True, ids=["for people"])
def test_a_line_for_people_has_it_all(world: World, log: StringIO) -> None:
    """Ticket, step, reason, run in one sentence."""
    number = world.open(PRODUCT)
    Stage(world).serve(1)
    row = next(world.store.logged(number))
    assert f"ticket {number}: acknowledge: {row.reason} [{row.run}]" in log.getvalue()


def test_no_address_of_a_mail_is_logged(world: World, log: StringIO) -> None:
    """Neither of who wrote, nor of whom an answer did not reach, though servers quote it; staff read it on the ticket."""
    mailbox = MemoryMailbox()
    channel = Channel(Office(world, mailbox, FakeDesk(world.cabinet)), MemoryPostman(mailbox=mailbox))
    channel.postman.fails.append(PermanentError("550 5.1.1 <pelageya@zavod.example>: no such user"))
    mailbox.put(letter(sender=Address("pelageya@zavod.example", "Пелагея")))
    mail = MailOffice(channel.office.intake, channel.dispatch)
    summary = Pass(
        replace(world.engine, policy=channel.office.intake.policy), TEN + timedelta(minutes=1), mail=mail
    ).run()
    assert summary.mail is not None
    (number,) = summary.mail.haul.tickets
    assert "a note is not mailed to …: 550 5.1.1 <…>: no such user" in log.getvalue()
    assert [word for word in PERSONAL if word in log.getvalue()] == []
    assert any("pelageya@zavod.example" in one.notes for one in channel.office.ticket(number).journals)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("550 <i.p+x@zavod.example>: no", "550 <…>: no", id="an address in brackets"),
        pytest.param("to a@x.ru, пётр@почта.рф.", "to …, …", id="several, and one outside ASCII"),
        pytest.param("первая\na@x.ru\nвторая", "первая\n…\nвторая", id="on a line of its own"),
        pytest.param("imaps://me@mail.test:993", "imaps://…:993", id="the user in a server's address"),
        pytest.param("@admin and user @ host", "@admin and user @ host", id="what is no address"),
    ],
)
def test_addresses_are_masked(log: StringIO, said: str, shown: str) -> None:
    """Whoever logs them, in whatever sentence; the rest of the line stays, and a line of JSON stays JSON."""
    logging.getLogger("imap_tools").warning("%s", said, extra={"reason": said})
    line = json.loads(log.getvalue()) if "{" in log.getvalue() else {"message": log.getvalue().removesuffix("\n")}
    assert {line["message"], line.get("reason", shown)} == {shown}


def test_a_traceback_shows_places_and_not_words(log: StringIO) -> None:
    """Where it was raised, what kind it is, and what it came from: enough to mend it."""
    try:
        blunder({})
    except NamedError:
        logging.getLogger("bridge").exception("ticket %s", 7)
    text = log.getvalue()
    assert "test_logs.py" in text
    assert "NamedError" in text
    assert "builtins.KeyError" in text
    assert "ticket 7" in text


@pytest.mark.parametrize("log", [JsonFormatter], indirect=True, ids=["for machines"])
def test_a_line_is_one_line(log: StringIO) -> None:
    """Whatever the message has in it; and it stays readable."""
    logging.getLogger("bridge").warning("первая\nвторая")
    (line,) = log.getvalue().splitlines()
    assert "первая" in line
    assert json.loads(line)["message"] == "первая\nвторая"
