"""The contract of `bridge.mail_ports.Post`, over SQLite in a file, SQLite in memory and PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.adapters.store import SqlStore
from bridge.errors import TemporaryError
from bridge.mail_ports import Fate, Outgoing, Post, Quarantined, Received, Sending
from tests.contract.databases import FORK, in_processes, patient

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YEARS = timedelta(days=3653)
KEY, OTHER = "9f2c" * 6, "9f2d" * 6
IVAN, PETR = "ivan@example.org", "petr@example.org"
ODD = Quarantined(KEY, NOON, "no From", "Иван <ivan@example.org>", "Тема", b"From \xff\x00\r\n")


@pytest.fixture
def post(store: SqlStore) -> Post:
    """An empty store's part for mail, of each kind."""
    return store.post


def mail(journal_id: int, *recipients: str, next_at: datetime | None = NOON) -> Outgoing:
    """A mail of ticket 7 for one journal."""
    to = recipients or (IVAN,)
    return Outgoing(
        f"presale.7.{journal_id}@x", 7, journal_id, "bot@example.com", to, b"Subject: \xd0\r\n", next_at=next_at
    )


class TestLetters:
    """Mails that come in: claimed, handled, settled."""

    def test_trap_12_a_mail_is_claimed_once(self, post: Post) -> None:
        """The second fetcher gets False, and both see whose claim it is."""
        assert post.received(KEY) is None
        assert post.claim_letter(KEY, NOON, IVAN, "1@example.org")
        assert not post.claim_letter(KEY, NOON + MINUTE, IVAN, "1@example.org")
        assert post.received(KEY) == Received(KEY, NOON, "1@example.org")

    def test_a_claim_is_taken_over_once(self, post: Post) -> None:
        """Of two that found the same abandoned claim, the first one takes it."""
        post.claim_letter(KEY, NOON, IVAN, "")
        seen = post.received(KEY)
        assert seen is not None
        assert post.reclaim_letter(seen, NOON + DAY)
        assert not post.reclaim_letter(seen, NOON + DAY)
        assert not post.reclaim_letter(seen, NOON + DAY + MINUTE)
        assert post.received(KEY) == Received(KEY, NOON + DAY)

    def test_a_take_over_at_the_moment_of_the_claim_is_refused(self, post: Post) -> None:
        """It would leave no trace, and the next one would take over as well."""
        post.claim_letter(KEY, NOON, IVAN, "")
        assert not post.reclaim_letter(Received(KEY, NOON), NOON)

    @pytest.mark.parametrize("fate", list(Fate))
    def test_what_is_settled_is_not_taken_over(self, post: Post, fate: Fate) -> None:
        """A fetcher that wakes up late finds the mail settled."""
        post.claim_letter(KEY, NOON, IVAN, "")
        post.settle_letter(KEY, fate, NOON + MINUTE)
        assert not post.reclaim_letter(Received(KEY, NOON), NOON + DAY)
        assert not post.claim_letter(KEY, NOON + DAY, IVAN, "")

    def test_the_outcome_is_remembered(self, post: Post) -> None:
        """Fate, ticket and moment, for good."""
        post.claim_letter(KEY, NOON, IVAN, "1@example.org")
        post.settle_letter(KEY, Fate.TICKET, NOON + MINUTE, 7)
        assert post.received(KEY) == Received(KEY, NOON, "1@example.org", Fate.TICKET, 7, NOON + MINUTE)

    def test_what_is_settled_stays(self, post: Post) -> None:
        """A later outcome changes nothing, and does not lie in the quarantine either."""
        post.settle_letter(KEY, Fate.TICKET, NOON, 7)
        post.settle_letter(KEY, Fate.DISCARDED, NOON + MINUTE)
        post.quarantine(ODD)
        assert post.received(KEY) == Received(KEY, NOON, "", Fate.TICKET, 7, NOON)
        assert post.quarantined() == ()

    def test_a_mail_that_nobody_claimed_can_be_settled(self, post: Post) -> None:
        """A note recognised in Redmine after the store was lost is remembered."""
        post.settle_letter(KEY, Fate.NOTE, NOON, 7)
        assert not post.claim_letter(KEY, NOON + MINUTE, IVAN, "")

    def test_the_thread_is_what_became_tickets_and_notes(self, post: Post) -> None:
        """Oldest first whatever the order of settling, each once, empty ones and machines' left out."""
        rows = [
            ("c", 3, "3@x", Fate.NOTE),
            ("a", 1, "1@x", Fate.TICKET),
            ("d", 4, "3@x", Fate.NOTE),
            ("e", 5, "", Fate.NOTE),
            ("m", 6, "6@x", Fate.MACHINE),
        ]
        for key, minutes, message_id, fate in rows:
            post.claim_letter(key, NOON + minutes * MINUTE, IVAN, message_id)
            post.reclaim_letter(Received(key, NOON + minutes * MINUTE), NOON + DAY - minutes * MINUTE)
            post.settle_letter(key, fate, NOON + DAY, 7)
        assert post.thread(7) == ("1@x", "3@x")
        assert post.thread(8) == ()

    def test_trap_14_mails_of_an_address_are_counted(self, post: Post) -> None:
        """Tickets, notes and what is being handled count, by the moment of the first claim, without regard to case."""
        fates = (None, Fate.TICKET, Fate.NOTE, Fate.LEAVE, Fate.MACHINE, Fate.QUARANTINE, Fate.DISCARDED)
        for n, fate in enumerate(fates):
            post.claim_letter(f"k{n}", NOON, "Ivan@Example.org", "")
            if fate:
                post.settle_letter(f"k{n}", fate, NOON)
        post.claim_letter("old", NOON - DAY, IVAN, "")
        post.reclaim_letter(Received("old", NOON - DAY), NOON)
        post.claim_letter("other", NOON, PETR, "")
        assert post.letters_since("IVAN@example.org", NOON) == 3
        assert post.letters_since(IVAN, NOON - DAY) == 4
        assert post.letters_since(IVAN, NOON + MINUTE) == 0
        assert post.tickets_since("IVAN@example.org", NOON) == 1
        assert post.tickets_since(IVAN, NOON + MINUTE) == post.tickets_since(PETR, NOON) == 0


class TestQuarantine:
    """Mails put aside for a person."""

    def test_a_mail_put_aside_is_settled_and_told(self, post: Post) -> None:
        """The list has no bytes, the one asked for has them as they came."""
        post.claim_letter(KEY, NOON - MINUTE, IVAN, "1@x")
        post.quarantine(ODD)
        assert post.quarantined() == (replace(ODD, raw=b""),)
        assert post.quarantined(KEY) == (ODD,)
        assert post.received(KEY) == Received(KEY, NOON - MINUTE, "1@x", Fate.QUARANTINE, None, NOON)

    def test_a_mail_that_nobody_claimed_can_be_put_aside(self, post: Post) -> None:
        """One too big or too broken to be claimed is settled all the same."""
        post.quarantine(ODD)
        assert not post.claim_letter(KEY, NOON, IVAN, "")

    def test_the_beginning_of_a_key_is_enough_where_it_is_unique(self, post: Post) -> None:
        """A beginning that two have names none; a whole key counts though it begins another one."""
        for key in (KEY, OTHER, "9f"):
            post.quarantine(replace(ODD, key=key))
        assert [one.key for one in post.quarantined("9f2c")] == [KEY]
        assert post.quarantined("9f2") == ()
        assert [one.key for one in post.quarantined("9f")] == ["9f"]
        assert post.quarantined("%") == ()

    def test_the_oldest_comes_first(self, post: Post) -> None:
        """By the moment at which they were put aside."""
        post.quarantine(ODD)
        post.quarantine(replace(ODD, key=OTHER, at=NOON - MINUTE))
        assert [one.key for one in post.quarantined()] == [OTHER, KEY]

    def test_what_no_database_takes_is_put_aside_all_the_same(self, post: Post) -> None:
        """Half characters and NUL in an address or a subject do not keep the mail from being kept."""
        post.quarantine(replace(ODD, sender="a\udcff\0b", subject="\ud83d", reason="\0"))
        assert [(one.sender, one.subject, one.reason) for one in post.quarantined()] == [("a?b", "?", "")]
        assert post.claim_letter(OTHER, NOON, "a\udcff\0b", "\0\udcff")
        assert post.letters_since("A\udcffB", NOON) == 1

    def test_a_discarded_mail_is_gone(self, post: Post) -> None:
        """Its outcome stays, its bytes don't."""
        post.quarantine(ODD)
        post.release_quarantined(KEY, Fate.DISCARDED, NOON + MINUTE)
        assert post.quarantined() == post.quarantined(KEY) == post.released() == ()
        assert post.received(KEY) == Received(KEY, NOON, "", Fate.DISCARDED, None, NOON + MINUTE)

    def test_a_released_mail_is_handled_anew(self, post: Post) -> None:
        """It is told with its bytes, as a claim to be taken over by one, until it is settled."""
        post.quarantine(ODD)
        post.release_quarantined(KEY, None, NOON + DAY)
        assert post.quarantined() == ()
        assert post.released() == (ODD,)
        seen = post.received(KEY)
        assert seen is not None
        assert (seen.fate, seen.settled_at, seen.claimed_at < NOON - DAY) == (None, None, True)
        assert post.reclaim_letter(seen, NOON + DAY)
        assert not post.reclaim_letter(seen, NOON + DAY)
        assert post.released() == (ODD,)
        post.settle_letter(KEY, Fate.TICKET, NOON + DAY, 7)
        assert post.released() == ()
        assert post.received(KEY) == Received(KEY, NOON + DAY, "", Fate.TICKET, 7, NOON + DAY)

    def test_a_released_mail_can_be_put_aside_again(self, post: Post) -> None:
        """With the new reason, and not to be handled once more by itself."""
        post.quarantine(ODD)
        post.release_quarantined(KEY, None, NOON + DAY)
        again = replace(ODD, at=NOON + DAY, reason="still no From")
        post.quarantine(again)
        assert post.released() == ()
        assert post.quarantined(KEY) == (again,)

    def test_a_quarantined_mail_can_be_settled_anew(self, post: Post) -> None:
        """And leaves the quarantine by that."""
        post.quarantine(ODD)
        post.settle_letter(KEY, Fate.LEAVE, NOON + DAY)
        assert post.quarantined() == ()
        assert post.received(KEY) == Received(KEY, NOON, "", Fate.LEAVE, None, NOON + DAY)

    def test_what_does_not_lie_there_is_not_released(self, post: Post) -> None:
        """Neither an unknown mail, nor a settled one, nor one that was released before."""
        post.release_quarantined(OTHER, None, NOON)
        post.settle_letter(OTHER, Fate.NOTE, NOON, 7)
        post.release_quarantined(OTHER, None, NOON)
        post.quarantine(ODD)
        post.release_quarantined(KEY, None, NOON)
        post.release_quarantined(KEY, Fate.DISCARDED, NOON)
        assert post.received(OTHER) == Received(OTHER, NOON, "", Fate.NOTE, 7, NOON)
        assert post.released() == (ODD,)

    def test_the_quarantine_is_no_way_out_of_it(self, post: Post) -> None:
        """To release into the quarantine is a mistake of the caller."""
        with pytest.raises(ValueError, match="not released into"):
            post.release_quarantined(KEY, Fate.QUARANTINE, NOON)


class TestOutbox:
    """Mails that go out: one for each note."""

    def test_one_mail_for_a_note(self, post: Post) -> None:
        """The second one with its Message-ID is refused, also when the first is long gone."""
        assert post.post(mail(41))
        assert not post.post(mail(41))
        post.claim_sending(mail(41).message_id, NOON)
        post.settle_sending(mail(41).message_id, Sending.SENT, NOON)
        post.purge(NOON + YEARS)
        assert not post.post(mail(41))
        assert post.posted(7) == {41}
        assert post.posted(8) == frozenset()

    def test_what_was_put_in_comes_out(self, post: Post) -> None:
        """Recipients in their order and case, the message to the byte."""
        one = mail(41, "Zoe@Example.org", IVAN, IVAN)
        post.post(one)
        assert post.outbox(NOON) == (one,)

    def test_mails_whose_moment_has_come_oldest_first(self, post: Post) -> None:
        """No moment is the oldest; of one moment the earlier note goes first; claimed ones are told whatever their moment."""
        for one in (
            mail(1, next_at=NOON),
            mail(2, next_at=NOON + MINUTE),
            mail(3, next_at=None),
            mail(5, next_at=NOON - MINUTE),
            mail(4, next_at=NOON - MINUTE),
            mail(6, next_at=NOON),
        ):
            post.post(one)
        post.claim_sending(mail(6).message_id, NOON + DAY)
        assert [one.journal_id for one in post.outbox(NOON)] == [3, 4, 5, 1, 6]

    def test_a_mail_is_claimed_once(self, post: Post) -> None:
        """The second sender gets False, and the mail is told as claimed since then."""
        post.post(mail(41))
        assert post.claim_sending(mail(41).message_id, NOON + MINUTE)
        assert not post.claim_sending(mail(41).message_id, NOON + MINUTE)
        assert post.outbox(NOON) == (replace(mail(41), state=Sending.CLAIMED, next_at=NOON + MINUTE),)
        assert not post.claim_sending("nobody@x", NOON)

    def test_a_claimed_mail_is_taken_over_once(self, post: Post) -> None:
        """Of two that found one whose sender is gone, the first takes it; a ready one is not taken over."""
        post.post(mail(41))
        assert not post.reclaim_sending(mail(41), NOON + MINUTE)
        post.claim_sending(mail(41).message_id, NOON)
        (seen,) = post.outbox(NOON)
        assert post.reclaim_sending(seen, NOON + DAY)
        assert not post.reclaim_sending(seen, NOON + DAY)
        assert [one.next_at for one in post.outbox(NOON)] == [NOON + DAY]

    def test_a_try_that_failed_is_counted_and_made_again(self, post: Post) -> None:
        """Ready at its next moment, with the message and the reason."""
        post.post(mail(41))
        for _ in range(2):
            assert post.claim_sending(mail(41).message_id, NOON)
            post.settle_sending(mail(41).message_id, Sending.READY, NOON + MINUTE, "451 later")
        assert post.outbox(NOON) == ()
        assert post.outbox(NOON + MINUTE) == (replace(mail(41), tries=2, next_at=NOON + MINUTE, reason="451 later"),)

    @pytest.mark.parametrize("outcome", [Sending.SENT, Sending.FAILED])
    def test_sent_and_failed_are_for_good(self, post: Post, outcome: Sending) -> None:
        """The mail is not told any more, not claimed, not tried again."""
        post.post(mail(41))
        post.claim_sending(mail(41).message_id, NOON)
        (seen,) = post.outbox(NOON)
        post.settle_sending(mail(41).message_id, outcome, NOON)
        post.settle_sending(mail(41).message_id, Sending.READY, NOON)
        assert post.outbox(NOON + DAY) == ()
        assert not post.claim_sending(mail(41).message_id, NOON)
        assert not post.reclaim_sending(seen, NOON + DAY)
        assert post.posted(7) == {41}

    def test_a_claim_is_no_outcome(self, post: Post) -> None:
        """To settle as claimed is a mistake of the caller."""
        with pytest.raises(ValueError, match="sent, failed or ready"):
            post.settle_sending("1@x", Sending.CLAIMED, NOON)

    def test_trap_14_mails_to_an_address_are_counted(self, post: Post) -> None:
        """Gone since then or waiting, each once, without regard to case; given up or gone before don't count."""
        for number, outcome, at in (
            (1, None, NOON),
            (2, Sending.SENT, NOON),
            (3, Sending.SENT, NOON - DAY),
            (4, Sending.FAILED, NOON),
        ):
            post.post(mail(number, "Ivan@Example.org", IVAN))
            if outcome:
                post.settle_sending(mail(number).message_id, outcome, at)
        post.post(mail(5, PETR, next_at=None))
        assert post.sent_since(IVAN, NOON) == 2
        assert post.sent_since(IVAN.upper(), NOON - DAY) == 3
        assert post.sent_since("p", NOON) == 0
        assert post.sent_since(PETR, NOON + YEARS) == 1


class TestPurge:
    """Personal data go, what keeps mails from coming twice stays."""

    def test_trap_4_digests_and_outcomes_outlive_the_purge(self, post: Post) -> None:
        """Addresses, Message-IDs and bytes are gone; the mail is known all the same."""
        post.claim_letter(KEY, NOON, IVAN, "1@x")
        post.settle_letter(KEY, Fate.TICKET, NOON, 7)
        post.post(mail(41))
        post.settle_sending(mail(41).message_id, Sending.FAILED, NOON, "550 no such ivan")
        assert post.purge(NOON + MINUTE, dry=True) == 2
        assert post.purge(NOON + MINUTE) == 2
        assert post.purge(NOON + MINUTE) == 0
        assert post.received(KEY) == Received(KEY, NOON, "", Fate.TICKET, 7, NOON)
        assert post.thread(7) == ()
        assert post.letters_since(IVAN, NOON) == 0
        assert not post.claim_letter(KEY, NOON + DAY, IVAN, "1@x")

    def test_what_is_younger_or_not_done_stays(self, post: Post) -> None:
        """Mails of that very moment, mails that wait to go or may have gone, and mails released a moment ago."""
        post.claim_letter(KEY, NOON - DAY, IVAN, "1@x")
        post.settle_letter(KEY, Fate.TICKET, NOON, 7)
        for number in (41, 42, 43):
            post.post(mail(number, next_at=NOON - DAY))
        post.claim_sending(mail(42).message_id, NOON - DAY)
        post.settle_sending(mail(43).message_id, Sending.SENT, NOON)
        post.quarantine(replace(ODD, key=OTHER, at=NOON - DAY))
        post.release_quarantined(OTHER, None, NOON)
        assert post.purge(NOON) == 0
        assert post.thread(7) == ("1@x",)
        assert len(post.outbox(NOON)) == 2
        assert [one.raw for one in post.released()] == [ODD.raw]

    def test_a_quarantined_mail_goes_by_its_term(self, post: Post) -> None:
        """Not before it; then it is gone, and known as quarantined for good."""
        post.quarantine(ODD)
        assert post.purge(NOON) == 0
        assert post.purge(NOON + MINUTE) == 1
        assert post.quarantined() == ()
        post.release_quarantined(KEY, None, NOON + DAY)
        assert post.received(KEY) == Received(KEY, NOON, "", Fate.QUARANTINE, None, NOON)

    def test_an_abandoned_claim_keeps_no_address_for_ever(self, post: Post) -> None:
        """It can still be taken over."""
        post.claim_letter(KEY, NOON, IVAN, "1@x")
        assert post.purge(NOON + MINUTE) == 1
        assert post.reclaim_letter(Received(KEY, NOON), NOON + DAY)

    def test_what_is_purged_is_not_left_in_the_file(self, file_url: str) -> None:
        """No name and no byte of a purged mail can be found in the database's file any more."""
        with SqlStore(file_url) as store:
            secret = b"Secretary Ivanova " * 5000
            store.post.quarantine(replace(ODD, sender="secretary@example.org", raw=secret))
            store.post.post(mail(41, "secretary@example.org"))
            store.post.settle_sending(mail(41).message_id, Sending.SENT, NOON)
            store.post.purge(NOON + MINUTE)
        content = Path(file_url.removeprefix("sqlite:///")).read_bytes().lower()
        assert b"presale.7.41" in content
        assert b"secretary" not in content


class TestManyProcesses:
    """Processes that share one store, and that die."""

    def test_trap_12_of_racing_fetchers_exactly_one_gets_a_mail(self, shared_url: str) -> None:
        """Three fetchers claim the same hundred mails, then take over the same hundred, and each time each mail is got once."""

        def work(take: Callable[[Post, str], bool]) -> Callable[[], list[str]]:
            def go() -> list[str]:
                with patient(shared_url) as store:
                    return [key for key in map(str, range(100)) if take(store.post, key)]

            return go

        def claim(post: Post, key: str) -> bool:
            return post.claim_letter(key, NOON, IVAN, "")

        def reclaim(post: Post, key: str) -> bool:
            return post.reclaim_letter(Received(key, NOON), NOON + DAY)

        for take in (claim, reclaim):
            got = Counter(key for keys in in_processes(*[work(take)] * 3) for key in keys)
            assert got == Counter(map(str, range(100)))

    def test_of_racing_senders_exactly_one_sends_a_mail(self, shared_url: str) -> None:
        """Three processes put the same mails into the outbox and claim what they find there: each goes once, with its recipient."""

        def work() -> list[tuple[int, tuple[str, ...]]]:
            with patient(shared_url) as store:
                for number in range(30):
                    store.post.post(mail(number))
                found = store.post.outbox(NOON)
                return [
                    (one.journal_id, one.recipients) for one in found if store.post.claim_sending(one.message_id, NOON)
                ]

        sent = Counter(one for each in in_processes(work, work, work) for one in each)
        assert sent == Counter((number, (IVAN,)) for number in range(30))

    def test_racing_settlers_leave_one_outcome(self, shared_url: str) -> None:
        """A mail released, settled and put aside by three at once ends in one state that makes sense."""
        with SqlStore(shared_url) as store:
            for number in range(30):
                store.post.quarantine(replace(ODD, key=str(number)))

        def work(act: Callable[[Post, str], None]) -> Callable[[], None]:
            def go() -> None:
                with patient(shared_url) as store:
                    for number in range(30):
                        act(store.post, str(number))

            return go

        answers = in_processes(
            work(lambda post, key: post.release_quarantined(key, None, NOON)),
            work(lambda post, key: post.settle_letter(key, Fate.TICKET, NOON, 7)),
            work(lambda post, key: post.quarantine(replace(ODD, key=key))),
        )
        assert answers == [None] * 3
        with SqlStore(shared_url) as store:
            found = [store.post.received(str(number)) for number in range(30)]
            assert {(one.fate, one.ticket_id, one.settled_at) for one in found if one} == {(Fate.TICKET, 7, NOON)}
            assert None not in found
            assert store.post.quarantined() == store.post.released() == ()

    def test_trap_12_a_claim_survives_the_process_that_made_it(self, shared_url: str) -> None:
        """Killed right after claiming and before settling, it leaves claims that are told and can be taken over."""

        def work() -> None:
            post = SqlStore(shared_url).post
            post.claim_letter(KEY, NOON, IVAN, "1@x")
            post.post(mail(41))
            post.claim_sending(mail(41).message_id, NOON)
            os.kill(os.getpid(), signal.SIGKILL)

        process = FORK.Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with SqlStore(shared_url) as store:
            assert store.post.received(KEY) == Received(KEY, NOON, "1@x")
            assert store.post.outbox(NOON) == (replace(mail(41), state=Sending.CLAIMED),)

    def test_a_held_lock_is_a_temporary_error(self, shared_url: str) -> None:
        """While another process writes for longer than patience lasts, the sentence says so, and nothing was claimed."""
        lock = "SELECT 1" if shared_url.startswith("sqlite") else "LOCK TABLE letters"
        with SqlStore(shared_url) as other, SqlStore(shared_url, patience=timedelta(milliseconds=50)) as store:
            with other._database.writing() as db:
                db.exec_driver_sql(lock)
                with pytest.raises(TemporaryError, match="is held by another process; the next pass tries again"):
                    store.post.claim_letter(KEY, NOON, IVAN, "")
            assert store.post.claim_letter(KEY, NOON, IVAN, "")
