"""Bytes of a mail to a `Letter`: whatever they are, nothing raises, nothing that somebody wrote is lost, and the work is bounded.

The standard `email` package takes parameters, dates and transfer encodings apart; the tree of parts, charsets and addresses are read by
modules beside this one, because there the package raises, gives up or takes unbounded time (docs/decisions/0013-reading-mail.md).
"""

from __future__ import annotations

from datetime import datetime

from bridge.adapters.mail.addresses import ADDRESSES_AT_MOST, read_addresses, shows_another
from bridge.adapters.mail.bodies import Reader
from bridge.adapters.mail.bounces import report_in
from bridge.adapters.mail.clean import one_line
from bridge.adapters.mail.headers import Header, split, unencoded
from bridge.adapters.mail.identifiers import digest, message_id, references, sent_at
from bridge.adapters.mail.mime import tree
from bridge.adapters.mail.verifying import verified
from bridge.core.letter import Address, Letter
from bridge.core.policy import MailLimits


def read_letter(raw: bytes, arrived_at: datetime, limits: MailLimits, authserv: str = "") -> Letter:
    """A mail as the bridge sees it.

    `arrived_at` is when the mailbox got it; `authserv` names the server whose Authentication-Results are believed, empty for none.

    Raises:
        ValueError: `arrived_at` has no time zone. No bytes raise anything.
    """
    root = tree(raw)
    header = root.header
    reader = Reader(limits)
    text = reader.read(root)
    senders = _addresses(header, "from")
    sender = _sender(header, senders)
    return Letter(
        message_id=message_id(header),
        sender=sender,
        subject=one_line(unencoded(header.get("subject"))),
        text=text,
        arrived_at=arrived_at,
        digest=digest(header, raw[split(raw)[1] :]),
        references=references(header),
        to=_addresses(header, "to"),
        cc=_addresses(header, "cc"),
        reply_to=next(iter(_addresses(header, "reply-to")), None),
        sent_at=sent_at(header),
        enclosures=tuple(reader.files.found),
        headers=header.decoded(),
        verified=verified(header, senders, authserv),
        bounce=report_in(root, header, text),
        troubles=(
            *header.troubles,
            *_doubts(header, senders, sender),
            *reader.troubles,
            *reader.files.troubles(),
            *_size(raw, limits),
        ),
    )


def _addresses(header: Header, name: str) -> tuple[Address, ...]:
    found = [one for value in header.all(name)[:20] for one in read_addresses(value)]
    return tuple(found[:ADDRESSES_AT_MOST])


def _sender(header: Header, senders: tuple[Address, ...]) -> Address | None:
    """Who wrote it: of several in From the one that Sender names, else the first."""
    named = {one.key for one in _addresses(header, "sender")}
    if not senders:
        return next(iter(_addresses(header, "sender")), None) if not header.get("from") else None
    return next((one for one in senders if len(senders) > 1 and one.key in named), senders[0])


def _doubts(header: Header, senders: tuple[Address, ...], sender: Address | None) -> list[str]:
    """What is not as it should be about who wrote and to whom."""
    found: list[str] = []
    if len(senders) > 1 or len(header.all("from")) > 1:
        found.append(f"it has {max(len(senders), len(header.all('from')))} senders")
    if sender is not None and (other := shows_another(sender)):
        found.append(f"the sender's name shows another address: {other}")
    found += [
        f"only the first {ADDRESSES_AT_MOST} addresses of {name} are read"
        for name in ("to", "cc")
        if len(_addresses(header, name)) >= ADDRESSES_AT_MOST
    ]
    return found


def _size(raw: bytes, limits: MailLimits) -> list[str]:
    if len(raw) <= limits.message:
        return []
    return [f"it has {len(raw)} bytes, more than the {limits.message} that a mail may have"]
