"""Webhooks on their way in: real payloads, and what must not get through. Each is only a hint; polling stays the truth (trap 16)."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from typing import Any

import pytest

from bridge.watch.hints import Hint, Hints
from bridge.web.hooks import REMEMBERED, Doorkeeper, Fate, Keys
from bridge.web.payloads import NonsenseError, read
from tests.fakes.service import FakeClocks
from tests.unit.making import moment

SECRET, OLD, TOKEN = b"the present secret of hooks", b"the secret of last year", b"a-long-token-in-the-url"
KEYS = Keys((SECRET, OLD), TOKEN)
OURS = {"event": "issue", "id": 7, "at": "2026-11-23T07:00:00Z", "delivery": "5c1e"}
NATIVE = {
    "type": "issue.updated",
    "timestamp": "2026-11-23T07:00:00Z",
    "data": {
        "issue": {"id": 7, "project": {"id": 3, "name": "Завод"}, "tracker": {"id": 4, "name": "ТехП Пресейл"}},
        "journal": {"id": 41, "created_on": "2026-11-23T07:00:00Z", "notes": "Ещё", "user": {"id": 32, "name": "Анна"}},
    },
}
PLUGIN = {
    "payload": {
        "action": "updated",
        "issue": {"id": 7, "subject": "Тема", "tracker": {"id": 4, "name": "ТехП Пресейл"}},
        "journal": {"id": 41, "notes": "Ещё"},
        "url": "https://redmine.example.com/issues/7",
    }
}


def body(payload: Any) -> bytes:
    """As it is sent."""
    return json.dumps(payload, ensure_ascii=False).encode()


def signature(content: bytes, secret: bytes = SECRET) -> str:
    """As Redmine 7 and the bridge's plugin sign."""
    return "sha256=" + hmac.new(secret, content, hashlib.sha256).hexdigest()


class Door:
    """A doorkeeper with what it told."""

    def __init__(self, keys: Keys = KEYS) -> None:
        self.clocks = FakeClocks(moment("11-23 10:00"))
        self.hints = Hints()
        self.counted: list[Fate] = []
        self.keeper = Doorkeeper(keys, self.hints, self.clocks.monotonic, self.counted.append)

    @property
    def taken(self) -> list[int]:
        """Tickets that are to be looked at."""
        return [hint.ticket_id for hint in self.hints.take(100).hints]


@pytest.fixture
def door() -> Door:
    """One with two secrets and a token."""
    return Door()


# --- what is sent -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "hint"),
    [
        pytest.param(OURS, Hint(7), id="the bridge's own plugin"),
        pytest.param(NATIVE, Hint(7, "ТехП Пресейл"), id="Redmine 7, changed"),
        pytest.param(NATIVE | {"type": "issue.created"}, Hint(7, "ТехП Пресейл"), id="Redmine 7, opened"),
        pytest.param(
            NATIVE | {"type": "issue.deleted", "data": {"issue": {"id": 7}}}, Hint(7), id="Redmine 7, deleted"
        ),
        pytest.param(NATIVE | {"type": "wiki_page.updated", "data": {"wiki_page": {}}}, None, id="a wiki page"),
        pytest.param(NATIVE | {"type": "time_entry.created", "data": {}}, None, id="a time entry"),
        pytest.param(PLUGIN, Hint(7, "ТехП Пресейл"), id="redmine_webhook, changed"),
        pytest.param({"payload": {"action": "opened", "issue": {"id": 7}}}, Hint(7), id="redmine_webhook, opened"),
        pytest.param({"id": 7, "tracker": None}, Hint(7), id="no more than a number"),
    ],
)
def test_trap_16_payloads_that_are_understood(payload: Any, hint: Hint | None) -> None:
    """The number, and the tracker's name where it is told: nothing else is taken from a webhook."""
    assert read(body(payload), 0.0) == hint


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(body(NATIVE)[:-20], "not all of it", id="truncated"),
        pytest.param(b"\xff\xfe\x00garbage", "not JSON", id="bytes"),
        pytest.param(b"<html>502</html>", "not JSON", id="a page"),
        pytest.param(b"[" * 100_000, "not JSON", id="so deep that a parser falls over"),
        pytest.param(b'{"id": ' + b"9" * 10_000 + b"}", "not JSON", id="a number of ten thousand digits"),
        pytest.param(b"[7]", "no object", id="a list"),
        pytest.param(b"7", "no object", id="a number alone"),
        pytest.param(b"{}", "names no ticket", id="an empty object"),
        pytest.param(b'{"id": "7"}', "names no ticket", id="a number as text"),
        pytest.param(b'{"id": true}', "names no ticket", id="true is no number"),
        pytest.param(b'{"id": 0}', "names no ticket", id="nought"),
        pytest.param(b'{"id": -7}', "names no ticket", id="below nought"),
        pytest.param(b'{"id": 7.0}', "names no ticket", id="a fraction"),
        pytest.param(b'{"id": 9223372036854775808}', "names no ticket", id="more than a database can keep"),
        pytest.param(b'{"payload": [7]}', "«payload»", id="a payload of another kind"),
        pytest.param(b'{"payload": {"issue": 7}}', "«issue»", id="an issue of another kind"),
        pytest.param(b'{"type": "issue.updated", "data": 7}', "«data»", id="data of another kind"),
        pytest.param(b'{"type": "issue.updated", "data": {}}', "«issue»", id="data without an issue"),
    ],
)
def test_payloads_that_are_not(content: bytes, sentence: str) -> None:
    """One sentence says what is wrong; nothing raises anything else."""
    with pytest.raises(NonsenseError, match=sentence):
        read(content, 0.0)


# --- who sends it -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, OLD], ids=["the present secret", "the one before it, while it is changed"])
def test_a_signed_webhook_is_taken(door: Door, secret: bytes) -> None:
    """Answered with 202, and the ticket waits to be looked at."""
    content = body(OURS)
    assert door.keeper.signed(content, signature(content, secret)).status == 202
    assert door.taken == [7]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(signature(body(OURS), b"another secret altogether"), id="another secret"),
        pytest.param(signature(body(OURS | {"id": 8})), id="the signature of another body"),
        pytest.param(signature(body(OURS)).removeprefix("sha256="), id="without the method's name"),
        pytest.param(signature(body(OURS)).upper(), id="in capitals"),
        pytest.param(signature(body(OURS))[:-1], id="a character short"),
        pytest.param("sha1=" + "0" * 40, id="another method"),
        pytest.param("sha256=", id="an empty one"),
        pytest.param("подпись", id="no ASCII"),
        pytest.param("\udcff", id="half a character"),
    ],
)
def test_a_forged_webhook_is_refused(door: Door, given: str) -> None:
    """401, and nothing is looked at."""
    answer = door.keeper.signed(body(OURS), given)
    assert (answer.status, answer.fate, door.taken) == (401, Fate.FORGED, [])


def test_a_webhook_without_a_signature_is_refused(door: Door) -> None:
    """The sentence says what the sender lacks."""
    answer = door.keeper.signed(body(OURS), "")
    assert (answer.status, answer.fate) == (401, Fate.UNSIGNED)
    assert "X-Redmine-Signature-256" in answer.sentence


def test_without_a_secret_no_signature_holds() -> None:
    """An empty secret signs nothing."""
    door = Door(Keys((), TOKEN))
    assert door.keeper.signed(body(OURS), signature(body(OURS), b"")).fate is Fate.FORGED


def test_a_sender_that_cannot_sign_has_a_url_of_its_own(door: Door) -> None:
    """The `redmine_webhook` plugin has no signature: the token in the URL stands for it."""
    assert door.keeper.by_token(body(PLUGIN), TOKEN.decode()).fate is Fate.ACCEPTED
    assert door.taken == [7]


@pytest.mark.parametrize("token", ["", "a-long-token-in-the-ur", "a-long-token-in-the-url2", "жетон", "\udcff"])
def test_another_url_is_refused(door: Door, token: str) -> None:
    """A token is right or wrong as a whole."""
    assert door.keeper.by_token(body(PLUGIN), token).fate is Fate.FORGED
    assert door.taken == []


def test_without_a_token_none_holds() -> None:
    """An empty token opens nothing."""
    assert Door(Keys((SECRET,))).keeper.by_token(body(PLUGIN), "").fate is Fate.FORGED


def test_the_keys_show_in_no_text() -> None:
    """Neither secret nor token is in what is printed of them."""
    shown = repr(Keys((SECRET,), TOKEN))
    assert SECRET.decode() not in shown
    assert TOKEN.decode() not in shown


# --- replays and floods -------------------------------------------------------------------------------------------------------------------


def test_a_replay_is_harmless(door: Door) -> None:
    """The same bytes again are taken for what they are: answered well, and not looked at."""
    content = body(OURS)
    fates = [door.keeper.signed(content, signature(content)).fate for _ in range(3)]
    assert fates == [Fate.ACCEPTED, Fate.REPLAYED, Fate.REPLAYED]
    assert door.taken == [7]


def test_a_further_change_of_the_ticket_is_no_replay(door: Door) -> None:
    """Another delivery of the same ticket is looked at."""
    for delivery in ("1", "2"):
        content = body(OURS | {"delivery": delivery})
        door.keeper.signed(content, signature(content))
        assert door.taken == [7]


def test_a_replay_from_long_ago_costs_one_look(door: Door) -> None:
    """Memory is bounded: what was forgotten is a hint like any other."""
    content = body(OURS)
    door.keeper.signed(content, signature(content))
    for number in range(REMEMBERED):
        other = body(OURS | {"delivery": str(number)})
        door.keeper.signed(other, signature(other))
    assert door.keeper.signed(content, signature(content)).fate is Fate.ACCEPTED
    assert len(door.hints) == 1


def test_a_flood_of_refusals_does_not_flood_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """One line a minute for each kind; each is counted."""
    with caplog.at_level(logging.WARNING, logger="bridge"):
        for _ in range(120):
            door.keeper.signed(body(OURS), "sha256=0")
            door.clocks.pass_by(1)
    assert len(caplog.records) == 2
    assert door.counted == [Fate.FORGED] * 120


def test_neither_secret_nor_body_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """What is refused is told in our own words."""
    with caplog.at_level(logging.DEBUG):
        door.keeper.signed(body(PLUGIN), signature(body(PLUGIN), b"guess"))
        door.keeper.by_token(body(PLUGIN), "guess-of-the-token")
        door.keeper.signed(b"{Anna", signature(b"{Anna"))
    assert caplog.records
    assert not any(word in caplog.text for word in ("guess", "Тема", "Anna", SECRET.decode(), TOKEN.decode()))


# --- the set of hints ---------------------------------------------------------------------------------------------------------------------


def test_a_ticket_waits_once_however_often_it_is_named() -> None:
    """The first moment counts for the delay, the last tracker for the scope."""
    hints = Hints()
    hints.put(Hint(7, "Ошибка", 1.0), Hint(8, "", 2.0))
    hints.put(Hint(7, "ТехП Пресейл", 3.0))
    assert hints.take(10).hints == (Hint(7, "ТехП Пресейл", 1.0), Hint(8, "", 2.0))
    assert len(hints) == 0


def test_hints_are_taken_in_portions() -> None:
    """Oldest first, so that the schedule comes in between."""
    hints = Hints()
    hints.put(*(Hint(number) for number in range(1, 6)))
    assert [[hint.ticket_id for hint in hints.take(2).hints] for _ in range(4)] == [[1, 2], [3, 4], [5], []]


def test_too_many_hints_become_a_whole_pass() -> None:
    """Memory is bounded, and nothing is lost: what does not fit is found by polling, at once."""
    hints = Hints(at_most=3)
    hints.put(*(Hint(number) for number in range(1, 6)))
    assert len(hints) == 3
    hinted = hints.take(10)
    assert (hinted.everything, hinted.hints) == (True, ())
    assert hints.take(10).everything is False


def test_a_hint_wakes_the_worker_and_one_that_is_put_back_does_not() -> None:
    """Otherwise a pass of another process would keep the worker spinning."""
    woken: list[int] = []
    hints = Hints(lambda: woken.append(1))
    hints.put(Hint(7))
    hints.put_back(*hints.take(1).hints)
    assert (len(woken), len(hints)) == (1, 1)
