"""The demonstration as people read it."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Final

from bridge.cli.printing import table
from bridge.demo.report import Listener
from bridge.engine import Result

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.demo.mail_show import Correspondence
    from bridge.demo.report import Reading, Report
    from bridge.demo.server import RedmineServer
    from bridge.demo.show import Again, Planned, Post
    from bridge.demo.verdict import Outcome
    from bridge.demo.world import World
    from bridge.jobs import Summary

STAFF_LOGINS: Final = (
    ("admin", "the administrator"),
    ("ivanov", "an engineer of the first line"),
    ("orlova", "the lead of the first line"),
    ("volkov", "the lead of the sales department"),
    ("customer-01-1", "a customer (customer-01-1 to customer-20-1)"),
    ("presale-bridge", "the bridge's own account"),
)


class Printer(Listener):
    """Prints each part as it comes."""

    def starting(self, server: RedmineServer) -> None:
        """Redmine is about to be started."""
        print(f"Starting a real Redmine in {server.home} (the first time also installs it, which takes some minutes) …")

    def playing(self, count: int) -> None:
        """Show that it goes on, where somebody watches."""
        if sys.stdout.isatty():
            print(f"\r  {count} tickets with their histories …", end="", flush=True)

    def made(self, world: World, rules: list[str]) -> None:
        """The world is there."""
        calendar = world.moments.calendar
        working = "working time" if calendar.is_working(world.moments.now) else "outside of working time"
        print(f"\r{len(world.placed)} tickets of 20 customers are there, with their histories.", end="   \n")
        print(f"It is {_moment(calendar.local(world.moments.now))}, {working}.")
        print("The rules are the shipped ones; in a copy of them differ:")
        print("\n".join(f"  {one}" for one in rules))

    def planned(self, planned: tuple[Planned, ...]) -> None:
        """What a pass would do."""
        _head("1. plan: what a pass would do; nothing is written")
        rows = [
            (
                one.look.ticket_id,
                ", ".join(decision.step for decision in one.look.decisions),
                one.look.decisions[0].reason,
            )
            for one in planned
            if one.look.decisions and one.look.result is not Result.OLD
        ]
        print(table(("ticket", "would do", "because"), rows))
        print(f"\n{len(planned)} tickets looked at, {len(rows)} want something.")

    def ran(self, summary: Summary) -> None:
        """The pass is done."""
        _head("2. run: one pass")
        print(summary)
        for ticket, reason in summary.failed.items():
            print(f"  ticket {ticket} failed: {reason}")

    def came(self, outcomes: tuple[Outcome, ...], *, is_working: bool, opening: datetime) -> None:
        """What came of each ticket."""
        _head("3. what came of each ticket")
        head = ("ticket", "state", "kind", "clock", "due", "done", "status", "")
        print(table(head, [_row(one) for one in outcomes]))
        if not is_working:
            _print_waiting(outcomes, opening)

    def read(self, readings: tuple[Reading, ...]) -> None:
        """How some tickets read now."""
        _head("4. how it reads in Redmine (the last two entries)")
        for reading in readings:
            print(f"#{reading.ticket} {reading.subject} — {reading.why}")
            for entry in reading.entries:
                private = ", private" if entry.private else ""
                print(f"  {entry.who}, {entry.at}{private}")
                print(textwrap.indent("\n".join([*entry.changes, *entry.text.splitlines()]), "    | ", lambda _: True))
            print()

    def mailed(self, posts: tuple[Post, ...]) -> None:
        """Who got Redmine's mails."""
        _head("5. who got Redmine's mails of this pass")
        rows = [
            (
                post.who,
                "customer" if post.is_customer else "staff",
                sum(post.tickets.values()),
                ", ".join(f"#{ticket}" + (f" ×{count}" if count > 1 else "") for ticket, count in post.tickets.items()),
            )
            for post in posts
        ]
        print(table(("who", "", "mails", "about"), rows))

    def passed_again(self, second: Again, idle: Again) -> None:
        """Two further passes are done."""
        _head("6. again")
        print(f"a second run:  {second.summary}: {len(second.summary.written)} writes")
        print(f"an idle pass:  {idle.requests} request(s) to Redmine, {len(idle.summary.written)} writes")

    def corresponded(self, mail: Correspondence) -> None:
        """A mail came in, and its answer went out."""
        _head(f"7. by mail: a customer without an account writes, and becomes ticket {mail.ticket}")
        for one in mail.mails:
            print(f"{one.who}: {one.subject}")
            print(textwrap.indent(one.text, "    | ", lambda _: True))
            print()

    def end(self, report: Report, server: RedmineServer, *, kept: bool) -> None:
        """That was all."""
        _head("8. the verdict" if report.mail else "7. the verdict")
        for problem in report.problems:
            print(f"NOT AS EXPECTED  {problem}")
        if report.ok:
            mail = " and the mails" if report.mail else ""
            print(f"All {len(report.outcomes)} tickets{mail} came out as their stories expect.")
        print(f"This took {report.seconds:.0f} s.")
        if kept:
            _print_addresses(server)
        else:
            print("Redmine is stopped. To click through it: KEEP=1 make demo, or presale-bridge demo --keep")


def _head(text: str) -> None:
    print(f"\n{text}\n{'─' * len(text)}")


def _row(one: Outcome) -> tuple[object, ...]:
    story = one.placed.story
    return (
        one.ticket,
        story.state,
        one.after.kind,
        _change(one.before.clock, one.after.clock),
        _change(_moment(one.before.due), _moment(one.after.due)) if one.after.clock in {"running", "late"} else "",
        ", ".join(one.did) or "—",
        _change(one.before.status, one.after.status),
        "" if not one.unexpected else "NOT AS EXPECTED",
    )


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def _moment(at: datetime) -> str:
    return f"{at:%a %d %b %H:%M}"


def _print_waiting(outcomes: tuple[Outcome, ...], opening: datetime) -> None:
    print(f"\nReminders go out in working time only. These wait for the next opening, {_moment(opening)}:")
    for one in outcomes:
        if one.waiting:
            print(f"  #{one.ticket} ({one.placed.story.state}): {', '.join(one.waiting)}")


def _print_addresses(server: RedmineServer) -> None:
    print(f"\nRedmine is left running: {server.url}   password of every account: {server.password}")
    print(table(("login", "who"), STAFF_LOGINS))
    print(
        f"Mails: {server.mails.folder}   the bridge's key: {server.bridge_key_file}   rules: {server.home / 'rules.yaml'}"
    )
    print(f"Stop it: presale-bridge demo --stop --home {server.home}")
