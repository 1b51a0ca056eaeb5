"""Spans of time as people write and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import Language
from bridge.core.spans import Span, SpanUnit, format_span


def duration(hours: float = 0, minutes: float = 0, seconds: float = 0) -> timedelta:
    """A duration."""
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def plain(hours: float = 0, minutes: float = 0, seconds: float = 0) -> Span:
    """A duration of which its place says what it is."""
    return Span(SpanUnit.PLAIN, time=duration(hours, minutes, seconds))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        pytest.param("2 working days", Span.working_days(2), id="Working days"),
        pytest.param("1 working day", Span.working_days(1), id="One working day"),
        pytest.param("3 business days", Span.working_days(3), id="Business days are working days"),
        pytest.param("0 working days", Span.working_days(0), id="No working days"),
        pytest.param("16 working hours", Span.working_time(duration(16)), id="Working hours"),
        pytest.param("90 working minutes", Span.working_time(duration(1.5)), id="Working minutes"),
        pytest.param("1.5 working hours", Span.working_time(duration(1.5)), id="A fraction of an hour"),
        pytest.param("1 working hour 30 minutes", Span.working_time(duration(1.5)), id="One adjective does for all"),
        pytest.param("-4 working hours", Span.working_time(-duration(4)), id="Before something"),
        pytest.param("− 1 working day", Span.working_days(-1), id="A typographer's minus"),
        pytest.param("+30 working minutes", Span.working_time(duration(minutes=30)), id="A plus is nothing special"),
        pytest.param("-1h30m", plain(-1, -30), id="The sign counts for the whole"),
        pytest.param("1h30m", plain(1, 30), id="Shorthand"),
        pytest.param("1h 30m", plain(1, 30), id="Shorthand with a blank"),
        pytest.param("0h", plain(), id="Nothing"),
        pytest.param("45m", plain(minutes=45), id="Minutes in shorthand"),
        pytest.param("10 minutes", plain(minutes=10), id="Plain minutes"),
        pytest.param("90s", plain(seconds=90), id="Seconds"),
        pytest.param("  1 HOUR  ", plain(1), id="Blanks and capitals do not matter"),
        pytest.param("3 calendar days", Span.wall_time(timedelta(days=3)), id="Calendar days are wall time"),
        pytest.param("1 calendar day 12 hours", Span.wall_time(duration(36)), id="With hours too"),
        pytest.param("24 calendar hours", Span.wall_time(duration(24)), id="Calendar hours"),
        pytest.param("1 рабочий день", Span.working_days(1), id="Один рабочий день"),
        pytest.param("2 рабочих дня", Span.working_days(2), id="Два рабочих дня"),
        pytest.param("5 рабочих дней", Span.working_days(5), id="Пять рабочих дней"),
        pytest.param("1 рабочего дня", Span.working_days(1), id="Родительный падеж"),
        pytest.param("1 рабочий час", Span.working_time(duration(1)), id="Один рабочий час"),
        pytest.param("16 рабочих часов", Span.working_time(duration(16)), id="Шестнадцать рабочих часов"),
        pytest.param("90 рабочих минут", Span.working_time(duration(1.5)), id="Девяносто рабочих минут"),
        pytest.param("2 рабочие минуты", Span.working_time(duration(minutes=2)), id="Две рабочие минуты"),
        pytest.param("1,5 рабочих часа", Span.working_time(duration(1.5)), id="Запятая в дроби"),
        pytest.param("1 ч 30 мин", plain(1, 30), id="Сокращения"),
        pytest.param("1 ч. 30 мин.", plain(1, 30), id="Сокращения с точками"),
        pytest.param("1ч30м", plain(1, 30), id="Сокращения слитно"),
        pytest.param("10 минут", plain(minutes=10), id="Десять минут"),
        pytest.param("3 календарных дня", Span.wall_time(timedelta(days=3)), id="Календарные дни"),
        pytest.param("-4 рабочих часа", Span.working_time(-duration(4)), id="До чего-то"),
    ],
)
def test_reading_spans(text: str, span: Span) -> None:
    """English and Russian, long and short; "working" and "calendar" say which time is meant."""
    assert Span.parse(text) == span


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "no span of time", id="Nothing at all"),
        pytest.param("soon", "no span of time", id="A word"),
        pytest.param("90", "no span of time", id="A number without a unit"),
        pytest.param("hours", "no span of time", id="A unit without a number"),
        pytest.param("2 weeks", "no span of time", id="A unit that is not known"),
        pytest.param("1h30", "no span of time", id="A unit forgotten"),
        pytest.param("4 hours before", "no span of time", id="Words after it"),
        pytest.param("1 working", "no span of time", id="Half of it"),
        pytest.param("999999 working days", "no span of time", id="More than anybody lives"),
        pytest.param("2 days", "say whether working days or calendar days", id="Days that could be either"),
        pytest.param("2d", "say whether working days or calendar days", id="In shorthand too"),
        pytest.param("2 дня", "say whether working days or calendar days", id="И по-русски"),
        pytest.param("2 working days 3 hours", "working days and hours do not mix", id="Days and hours"),
        pytest.param("1.5 working days", "only hours can have a fraction", id="Half a working day"),
        pytest.param("1 working hour 30 calendar minutes", "either working or calendar", id="Both kinds of time"),
        pytest.param("1h 2h", "each unit stands once", id="A unit twice"),
        pytest.param("30m 1h", "the longest first", id="The wrong way round"),
    ],
)
def test_refused_spans_say_what_is_accepted(text: str, reason: str) -> None:
    """The message repeats the text, says why, and shows how spans are written in both languages."""
    with pytest.raises(ValueError, match=reason) as refusal:
        Span.parse(text)
    assert str(refusal.value).startswith(repr(text))
    assert "`2 working days`" in str(refusal.value)
    assert "«16 рабочих часов»" in str(refusal.value)


@pytest.mark.parametrize(
    ("span", "english", "russian"),
    [
        pytest.param(Span.working_days(1), "1 working day", "1 рабочий день", id="One day"),
        pytest.param(Span.working_days(2), "2 working days", "2 рабочих дня", id="Two"),
        pytest.param(Span.working_days(5), "5 working days", "5 рабочих дней", id="Five"),
        pytest.param(Span.working_days(11), "11 working days", "11 рабочих дней", id="Eleven is like five"),
        pytest.param(Span.working_days(12), "12 working days", "12 рабочих дней", id="Twelve too"),
        pytest.param(Span.working_days(21), "21 working days", "21 рабочий день", id="Twenty-one is like one"),
        pytest.param(Span.working_days(111), "111 working days", "111 рабочих дней", id="A hundred and eleven is not"),
        pytest.param(Span.working_days(0), "0 working days", "0 рабочих дней", id="None"),
        pytest.param(Span.working_days(-1), "-1 working day", "-1 рабочий день", id="One before"),
        pytest.param(Span.working_time(duration(1)), "1 working hour", "1 рабочий час", id="One working hour"),
        pytest.param(Span.working_time(duration(16)), "16 working hours", "16 рабочих часов", id="Sixteen"),
        pytest.param(
            Span.working_time(duration(1, 30)),
            "1 working hour 30 minutes",
            "1 рабочий час 30 минут",
            id="The adjective is said once",
        ),
        pytest.param(Span.working_time(duration(minutes=2)), "2 working minutes", "2 рабочие минуты", id="Feminine"),
        pytest.param(Span.working_time(duration()), "0 working minutes", "0 рабочих минут", id="No working time"),
        pytest.param(Span.wall_time(timedelta(days=3)), "3 calendar days", "3 календарных дня", id="Calendar days"),
        pytest.param(Span.wall_time(duration(minutes=10)), "10 minutes", "10 минут", id="Wall time of minutes"),
        pytest.param(duration(48), "48 hours", "48 часов", id="A duration is never told in days"),
        pytest.param(duration(1, 1), "1 hour 1 minute", "1 час 1 минута", id="A bare duration"),
        pytest.param(duration(seconds=61), "1 minute 1 second", "1 минута 1 секунда", id="Seconds below an hour"),
        pytest.param(duration(2, 3, 4), "2 hours 3 minutes", "2 часа 3 минуты", id="No seconds above it"),
        pytest.param(duration(), "0 minutes", "0 минут", id="Nothing"),
        pytest.param(-duration(4), "-4 hours", "-4 часа", id="Before"),
    ],
)
def test_telling_spans(span: Span | timedelta, english: str, russian: str) -> None:
    """Spans are told with the right plural forms."""
    assert format_span(span, Language.EN) == english
    assert format_span(span, Language.RU) == russian


@given(
    st.one_of(
        st.integers(-999, 999).map(Span.working_days),
        st.integers(-9999, 9999).map(lambda minutes: Span.working_time(timedelta(minutes=minutes))),
        st.integers(-99, 99).filter(bool).map(lambda days: Span.wall_time(timedelta(days=days))),
        st.integers(-3599, 3599).map(lambda seconds: plain(seconds=seconds)),
    ),
    st.sampled_from(Language),
)
def test_what_is_told_is_read_back(span: Span, language: Language) -> None:
    """A span told in either language means the same when it is written into the rules."""
    assert Span.parse(format_span(span, language)) == span


def test_a_span_tells_itself_in_english() -> None:
    """Logs and messages show spans as the rules have them."""
    assert str(Span.parse("2 рабочих дня")) == "2 working days"


def test_the_place_says_what_a_plain_duration_is() -> None:
    """A plain duration takes the meaning of its place; a span that says what it is keeps it."""
    assert plain(1).read_as(SpanUnit.WORKING_TIME) == Span.working_time(duration(1))
    assert Span.working_days(1).read_as(SpanUnit.WALL_TIME) == Span.working_days(1)


def test_t6_an_extension_adds_to_days_or_to_hours() -> None:
    """Days are added to days and hours to hours, several times over if need be."""
    assert Span.working_days(2) + 2 * Span.working_days(1) == Span.working_days(4)
    assert Span.working_time(duration(4)) + Span.working_time(duration(minutes=30)) == Span.working_time(duration(4.5))


def test_t6_units_do_not_mix() -> None:
    """A term in days cannot be extended by hours."""
    with pytest.raises(ValueError, match="2 working days and 4 working hours cannot be added"):
        Span.working_days(2) + Span.working_time(duration(4))


@pytest.mark.parametrize(
    ("unit", "days", "time"),
    [
        pytest.param(SpanUnit.WORKING_DAYS, 1, duration(1), id="Working days with hours"),
        pytest.param(SpanUnit.WORKING_TIME, 1, duration(), id="Working time with days"),
    ],
)
def test_a_span_has_the_amount_of_its_unit_only(unit: SpanUnit, days: int, time: timedelta) -> None:
    """An amount that the unit does not have is refused."""
    with pytest.raises(ValueError, match="a span in working"):
        Span(unit, days, time)


def test_only_a_span_of_some_length_is_true() -> None:
    """A span of nothing is false, in any unit."""
    assert [bool(Span.parse(text)) for text in ("0h", "0 working days", "1s", "-1 working day")] == [
        False,
        False,
        True,
        True,
    ]
