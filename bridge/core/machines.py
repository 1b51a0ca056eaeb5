"""Who is a machine: mails that nobody wrote for us to answer (RFC 3834, RFC 2369, and what the big vendors add).

A customer taken for a machine is a request that nobody sees, so headers that stand in people's mail too (X-Auto-Response-Suppress) and
subjects («Автоответ») count only together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bridge.core.letter import Address, Automatic, Letter


@dataclass(frozen=True, slots=True)
class Machine:
    """What kind of machine, and what shows it."""

    kind: Automatic
    reason: str


_LIST_HEADERS: Final = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "list-subscribe",
    "list-owner",
    "list-archive",
    "x-mailing-list",
)
_BULK: Final = {
    "bulk": Automatic.LIST,
    "list": Automatic.LIST,
    "junk": Automatic.LIST,
    "auto_reply": Automatic.AUTO_REPLY,
    "auto-reply": Automatic.AUTO_REPLY,
}
_VENDOR: Final = re.compile(
    r"x-(?:[a-z0-9]{1,20}-)?auto-?(?:reply|replied|repond|respond|responder|response|generated|answer|rely)(?:-from|-to)?"
    r"|x-vacation(?:-.{1,20})?|autoresponder|x-fc-machinegenerated|x-cron-env|x-failed-recipients"
)
_OFF: Final = frozenset({"no", "false", "0", "off", "none"})
_DAEMON: Final = re.compile(r"mailer-daemon|mail-daemon|maildaemon|mdaemon|postmaster|mailerdaemon", re.IGNORECASE)
_NOBODY: Final = re.compile(
    r"(?:(?:no|not|non|never)[-._]?reply|do[-._]?not[-._]?(?:reply|respond|answer)|dont[-._]?reply|nicht[-._]?antworten)(?:[-+._].{0,60})?|"
    r".{1,40}[-+._](?:no-?reply|do-?not-?reply)",
    re.IGNORECASE,
)
_BEGINNING: Final = r"\s*(?:re:\s*)?(?:\[[^\]]{1,60}\]\s*)?"
_AUTOMATIC: Final = (
    r"автоответ|автоматический ответ|автоматическое уведомление|уведомление об отсутствии|"
    r"auto(?:matic)?[ -]?(?:reply|response|answer)|\[?autoreply"
)
_AUTOMATIC_SUBJECT: Final = re.compile(rf"{_BEGINNING}(?:{_AUTOMATIC})", re.IGNORECASE)
_ABSENT_SUBJECT: Final = re.compile(
    rf"{_BEGINNING}(?:{_AUTOMATIC}|auto:.{{1,120}}(?:out of (?:the )?office|отсутств|вне офиса)|вне офиса|нет на месте|нет на рабочем месте|"
    r"я в отпуске|в отпуске\b|отсутствую\b|out of (?:the )?office|"
    r"on vacation|vacation|on (?:annual |sick |maternity )?leave|away from (?:the |my )?(?:office|mail|desk))",
    re.IGNORECASE,
)
_ABSENT_TEXT: Final = re.compile(
    r"(?:нахожусь|буду|сейчас|временно)\s{1,3}(?:в (?:ежегодном |очередном )?отпуске|отсутств|вне офиса|в командировке|на больничном)|"
    r"(?:в период|период) моего отсутствия|отсутствую (?:на рабочем месте|в офисе|по)|автоматическ\w{1,4} (?:ответ|сообщени|уведомлени)|"
    r"(?:i am|i'm|i will be|i’m|currently|is) (?:currently )?(?:out of (?:the )?office|on (?:vacation|leave|holiday)|away)|"
    r"limited access to (?:my )?e-?mail|this is an auto(?:matic|mated|-generated)|out of (?:the )?office (?:until|from|till)",
    re.IGNORECASE,
)
_AWAY_TEXT: Final = re.compile(
    r"\b(?:я|меня|мы|нас)\s{1,3}(?:(?:сейчас|пока|временно|уже)\s{1,3})?(?:в (?:\w{1,20} )?отпуске|в командировке|на больничном|"
    r"не в офисе|вне офиса|нет на (?:рабочем )?месте|нет в офисе|не будет|отсутству)",
    re.IGNORECASE,
)
"""Words that people write too: they count below a subject that says that it is automatic."""
_RETURNED_SUBJECT: Final = re.compile(
    r"\s*(?:mail delivery (?:failed|failure|warning|status)|delivery (?:failure|status notification)|undeliver(?:ed|able)|returned mail|"
    r"mail could not be delivered|failure notice|не доставлено|недоставленное сообщение|сообщение не доставлено)",
    re.IGNORECASE,
)
_RETURNED_TEXT: Final = re.compile(
    r"\W{0,100}(?:this (?:message was created automatically|is an (?:automatic|advisory))|(?:your|the) (?:message|mail) .{0,100}\n?.{0,100}could not be|"
    r"failed recipients|message from \w{1,40} \w{1,40} \w{1,40}|(?:это|данное) (?:письмо|сообщение) (?:создано|сформировано) автоматически|"
    r"(?:ваше|это) (?:письмо|сообщение) .{0,100}не (?:было |может быть )?доставлен)",
    re.IGNORECASE,
)
_TEXT_LOOKED_AT: Final = 2_000
_REPORT_TYPE: Final = re.compile(r"report-type\s{0,3}=\s{0,3}\"?([a-z-]{1,40})", re.IGNORECASE)
_REPORTS: Final = {
    "delivery-status": "it reports that a mail was delivered",
    "disposition-notification": "it is a receipt for a mail that was read",
    "feedback-report": "it reports spam",
}
_CALENDAR_ANSWER: Final = re.compile(
    rb"^METHOD:(?:REPLY|COUNTER|DECLINECOUNTER|REFRESH)\s*$", re.IGNORECASE | re.MULTILINE
)


def machine_of(letter: Letter, own: Iterable[str] = ()) -> Machine | None:
    """What kind of machine sent a letter; None for a person's. `own` are the mailbox's addresses: a list that is the mailbox itself is none."""
    tests: tuple[Callable[[Letter], Machine | None], ...] = (
        _report,
        _declared,
        _vendor,
        _returned,
        _sender,
        _absent,
        _gateway,
    )
    for test in tests:
        if (found := test(letter)) is not None:
            return found
    return _list(letter, tuple(own)) or _calendar(letter)


def _report(letter: Letter) -> Machine | None:
    """Reports of delivery, of reading, of spam (RFC 3462, 8098, 5965)."""
    if letter.bounce is not None:
        return Machine(Automatic.BOUNCE, "it reports that a mail could not be delivered")
    content_type = letter.header("content-type")[:2_000]
    if not content_type.lower().startswith("multipart/report"):
        return None
    found = _REPORT_TYPE.search(content_type)
    kind = found[1].lower() if found else ""
    return Machine(Automatic.REPORT, _REPORTS.get(kind, f"it is a machine's report ({kind or 'multipart/report'})"))


def _declared(letter: Letter) -> Machine | None:
    """Auto-Submitted (RFC 3834): anything but "no"."""
    for value in letter.headers.get("auto-submitted", ()):
        word = re.split(r"[;\s(]", value.strip().lower(), maxsplit=1)[0]
        if word and word != "no":
            kind = Automatic.AUTO_REPLY if "repl" in word else Automatic.REPORT
            return Machine(kind, f"its header says Auto-Submitted: {word[:40]}")
    return None


def _vendor(letter: Letter) -> Machine | None:
    """What vendors put into their automatic replies."""
    for name, values in letter.headers.items():
        if name.endswith("-suppress") or _VENDOR.fullmatch(name) is None:
            continue
        if any(value.strip().lower() not in _OFF for value in values):
            kind = Automatic.BOUNCE if name == "x-failed-recipients" else Automatic.AUTO_REPLY
            return Machine(kind, f"it has the header {name}")
    if letter.header("delivered-to").strip().lower().startswith("autoresponder"):
        return Machine(Automatic.AUTO_REPLY, "it was delivered by an autoresponder")
    return _loop(letter)


def _loop(letter: Letter) -> Machine | None:
    return Machine(Automatic.AUTO_REPLY, "it has the header X-Loop") if letter.header("x-loop").strip() else None


def _returned(letter: Letter) -> Machine | None:
    """An empty envelope sender: no answer is wanted (RFC 5321, 4.5.5)."""
    if letter.header("return-path").strip() == "<>":
        return Machine(Automatic.AUTO_REPLY, "its Return-Path is empty: no answer is wanted")
    return None


def _sender(letter: Letter) -> Machine | None:
    local = letter.sender.mail.rpartition("@")[0][:120] if letter.sender else ""
    if _DAEMON.fullmatch(local):
        return Machine(Automatic.BOUNCE, f"it is from {local}, a mail server")
    if _NOBODY.fullmatch(local) and not _answerable(letter):
        return Machine(Automatic.REPORT, f"it is from {local}, where nobody reads answers")
    return None


def writer_of(letter: Letter) -> Address | None:
    """Who wants to be answered: the sender, but the person in Reply-To where a web form sends from an address that nobody reads."""
    if letter.sender is None or not _answerable(letter):
        return letter.sender
    local = letter.sender.mail.rpartition("@")[0][:120]
    return letter.reply_to if _NOBODY.fullmatch(local) else letter.sender


def _answerable(letter: Letter) -> bool:
    """Web forms send from noreply@ and put the person into Reply-To."""
    if letter.reply_to is None or letter.sender is None or letter.reply_to.key == letter.sender.key:
        return False
    return _NOBODY.fullmatch(letter.reply_to.mail.rpartition("@")[0][:120]) is None


def _absent(letter: Letter) -> Machine | None:
    """An out-of-office subject together with something else that points to a machine; alone it may be a customer's question."""
    if _ABSENT_SUBJECT.match(letter.subject[:300]) is None:
        return None
    hint = next(_hints(letter), "")
    return Machine(Automatic.AUTO_REPLY, f"its subject is an automatic reply's, and {hint}") if hint else None


def _gateway(letter: Letter) -> Machine | None:
    """A bounce from a gateway that calls itself by a name of its own: subject and first words together, as either alone may be a question."""
    if _RETURNED_SUBJECT.match(letter.subject[:300]) is None or _RETURNED_TEXT.match(letter.text[:600]) is None:
        return None
    return Machine(Automatic.BOUNCE, "its subject and first words are those of a mail that came back")


def _hints(letter: Letter) -> Iterator[str]:
    if letter.header("x-auto-response-suppress").strip():
        yield "it asks for no automatic responses"
    if letter.header("x-ms-exchange-generated-message-source") or letter.header("x-ms-exchange-inbox-rules-loop"):
        yield "a rule of Exchange made it"
    if _ABSENT_TEXT.search(letter.text[:_TEXT_LOOKED_AT]):
        yield "its text tells of absence"
    if _AUTOMATIC_SUBJECT.match(letter.subject[:300]) and _AWAY_TEXT.search(letter.text[:_TEXT_LOOKED_AT]):
        yield "its text says that its writer is away"


def _list(letter: Letter, own: tuple[str, ...]) -> Machine | None:
    """Mailing lists (RFC 2369, 2919) and bulk, unless the list is our mailbox itself."""
    named = [name for name in _LIST_HEADERS if letter.header(name).strip()]
    told = " ".join(letter.header(name).casefold() for name in named)[:4_000]
    if any(one in told or one.replace("@", ".") in told for one in own):
        return None
    if named:
        return Machine(Automatic.LIST, f"it comes from a mailing list ({', '.join(named[:3])})")
    for name in ("precedence", "x-precedence", "preference"):
        word = letter.header(name).strip().lower()
        if word in _BULK:
            return Machine(_BULK[word], f"its header says {name.capitalize()}: {word}")
    return None


def _calendar(letter: Letter) -> Machine | None:
    for one in letter.enclosures:
        if one.type == "text/calendar" and _CALENDAR_ANSWER.search(one.content[:5_000]):
            return Machine(Automatic.AUTO_REPLY, "it is a calendar's answer to an invitation")
    return None
