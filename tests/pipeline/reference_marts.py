"""The figures that come after the report, worked out a second time from the reference's timeline.

As in `reference.py`: plain Python, no SQL, and an integer number of microseconds wherever a figure
is a time. Each function says what one mart must hold.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from tests.pipeline.reference import (
    DAY,
    EPOCH,
    HOUR,
    WEEK,
    Figures,
    Rejected,
    Report,
    Row,
    Store,
    Stretch,
    even_stretches,
    figures,
    overlap,
    shown_clock,
    trimmed,
)

Groups = dict[tuple[str, str | None], set[str]]


# Days and hours


def by_local_time(
    result: Report, store: Store, length: int, cycle: int | None = None
) -> dict[int, Figures]:
    """Cut the timeline where the store's clock begins a day or an hour, and add up each.

    Days and hours are counted from 1970-01-01 on that clock, or from the start of the cycle,
    which repeats from Monday on.
    """
    parts: dict[int, list[Stretch]] = defaultdict(list)
    for stretch in store.timeline:
        for start, end, ahead in even_stretches(store.zone, result.starts_at, result.as_of):
            shown, shown_end = max(start, stretch[0]) + ahead, min(end, stretch[1]) + ahead
            while shown < shown_end:
                number = shown // length
                until = min(shown_end, (number + 1) * length)
                if cycle:
                    # 1970-01-01 was a Thursday.
                    number = (number + 3 * DAY // length) % (cycle // length)
                parts[number].append(Stretch(shown - ahead, until - ahead, *stretch[2:]))
                shown = until
    return {number: figures((0, result.as_of), stretches) for number, stretches in parts.items()}


def days(result: Report) -> dict[tuple[str, date], Figures]:
    return {
        (store_id, EPOCH.date() + timedelta(days=day)): each
        for store_id, store in result.known.items()
        for day, each in by_local_time(result, store, DAY).items()
    }


def hours_of_week(result: Report) -> dict[tuple[str, int, int], Figures]:
    return {
        (store_id, *divmod(hour, 24)): each
        for store_id, store in result.known.items()
        for hour, each in by_local_time(result, store, HOUR, WEEK).items()
    }


def window(result: Report, start: int, end: int) -> dict[str, Figures]:
    """Return the figures of any window, as far as the timeline goes."""
    return {
        store_id: figures((start, end), store.timeline) for store_id, store in result.known.items()
    }


# Outages


class Outage(NamedTuple):
    """Microseconds; None where it is not known."""

    started_at: int
    ended_at: int | None
    last_seen_up_at: int | None
    first_seen_down_at: int | None
    first_seen_up_at: int | None
    lost: int
    wall: int
    is_start_cut: bool
    is_end_cut: bool


def outages(store: Store, as_of: int) -> list[Outage]:
    """Return stretches of downtime that no active poll parts."""
    active = sorted(at for at, status in store.polls.items() if status == "active")
    inactive = sorted(at for at, status in store.polls.items() if status == "inactive")
    found = []
    # Downtime with the same number of active polls before it is of one outage.
    down = [stretch for stretch in store.timeline if stretch.status == "down"]
    for _, group in groupby(down, lambda stretch: sum(at <= stretch.started_at for at in active)):
        stretches = list(group)
        started_at, ended_at = stretches[0].started_at, stretches[-1].ended_at
        seen_up = max((at for at in active if at <= started_at), default=None)
        seen_up_again = min((at for at in active if at > started_at), default=None)
        seen_down = min(
            (at for at in inactive if seen_up is not None and at > seen_up), default=None
        )
        found.append(
            Outage(
                started_at,
                None if seen_up_again is None else ended_at,
                seen_up,
                seen_down,
                seen_up_again,
                sum(end - start for start, end, *_ in stretches),
                (as_of if seen_up_again is None else ended_at) - started_at,
                seen_up is None,
                seen_up_again is None,
            )
        )
    return found


class Reliability(NamedTuple):
    """Microseconds; the means are fractions of them."""

    outages: int
    lost: int
    longest: int
    mean_to_restore: Fraction | None
    mean_between_failures: Fraction | None


def reliability(store: Store, as_of: int) -> Reliability:
    found = outages(store, as_of)
    whole = [each.wall for each in found if not each.is_start_cut and not each.is_end_cut]
    uptime = sum(end - start for start, end, status, _ in store.timeline if status == "up")
    return Reliability(
        len(found),
        sum(each.lost for each in found),
        max((each.lost for each in found), default=0),
        Fraction(sum(whole), len(whole)) if whole else None,
        Fraction(uptime, len(found)) if found else None,
    )


# At as_of


class Current(NamedTuple):
    """Microseconds; `usual_gap` is a fraction of them."""

    status: str
    since_at: int | None
    last_polled_at: int | None
    last_status: str | None
    usual_gap: Fraction | None


def current_status(result: Report) -> dict[str, Current]:
    as_of = result.as_of
    gaps = {store_id: usual_gap(store, as_of) for store_id, store in result.known.items()}
    # If there is none, none is too long.
    gap_of_all = median([gap for gap in gaps.values() if gap is not None] or [WEEK * 10**6])
    found = {}
    for store_id, store in result.known.items():
        last_at = max(store.polls, default=None)
        gap = gap_of_all if gaps[store_id] is None else gaps[store_id]
        last = store.timeline[-1] if store.timeline else None
        if last is None or last.ended_at < as_of:
            status, since = "closed", last and last.ended_at
        elif last.status != "excluded" and is_silent(store, as_of, 2 * gap):
            status, since = "not heard from", last_at
        else:
            status, since = last.status, since_when(store.timeline)
        found[store_id] = Current(status, since, last_at, store.polls.get(last_at), gaps[store_id])
    return found


def polls_of_week(store: Store, as_of: int) -> list[int]:
    return sorted(at for at in store.polls if at >= as_of - WEEK)


def usual_gap(store: Store, as_of: int) -> Fraction | None:
    """Return the mean of the gaps of up to two hours, or the median of the others if most are."""
    lately = polls_of_week(store, as_of)
    gaps = [later - earlier for earlier, later in pairwise(lately)]
    long = [gap for gap in gaps if gap > 2 * HOUR]
    if 2 * len(long) > len(gaps):
        return Fraction(median(long))
    return Fraction(sum(gaps) - sum(long), len(gaps) - len(long)) if gaps else None


def is_silent(store: Store, as_of: int, longest: Fraction) -> bool:
    """Whether the last poll is too long ago, without closed hours if the poller rests in most."""
    lately = polls_of_week(store, as_of)
    if not lately:
        return True
    last_at = lately[-1]
    gaps = [gap for gap in pairwise(lately) if gap[1] - gap[0] > 2 * HOUR]
    closings = [
        (closed_at, reopened_at)
        for (_, closed_at), (reopened_at, _) in pairwise(store.is_open)
        if lately[0] <= closed_at
        and reopened_at <= last_at
        and reopened_at - closed_at > max(longest, 2 * HOUR)
    ]
    rests = sum(any(overlap(closing, gap) > longest for gap in gaps) for closing in closings)
    open_since = sum(overlap((last_at, as_of), span) for span in store.is_open)
    return as_of - last_at > longest and (open_since > longest or 2 * rests < len(closings))


class Opening(NamedTuple):
    """When a store closes or else opens, and the time of day that its clock shows then."""

    closes_at: int | None
    closes_at_local: int | None
    opens_at: int | None
    opens_at_local: int | None


def opening(store: Store, as_of: int) -> Opening:
    """Look at the day after `as_of`; hours end at what the clock showed last, should it jump."""
    for opens_at, closes_at in store.is_open_ahead:
        if opens_at > as_of:
            return Opening(None, None, opens_at, shown_clock(store.zone, opens_at) % DAY)
        if closes_at < as_of + DAY:
            shown = (shown_clock(store.zone, closes_at - 1) + 1) % DAY
            return Opening(closes_at, shown, None, None)
        break
    return Opening(None, None, None, None)


def polls_in_status(store: Store) -> int:
    """Count the polls since the status was another."""
    statuses = [status for _, status in sorted(store.polls.items(), reverse=True)]
    return next(
        (number for number, each in enumerate(statuses) if each != statuses[0]), len(statuses)
    )


def since_when(timeline: list[Stretch]) -> int:
    """Return from when on all business time has had the last status."""
    since = timeline[-1].started_at
    for stretch in reversed(timeline):
        if stretch.status != timeline[-1].status:
            break
        since = stretch.started_at
    return since


# Hours that do not fit


class Behaviour(NamedTuple):
    windows: int
    first_hour_polled: int
    first_hour_down: int
    last_hour_polled: int
    last_hour_down: int
    closed_confirmed: int
    closed_active: int
    opens_later: bool
    closes_earlier: bool
    is_active_when_closed: bool


def behaviour(result: Report, store: Store, max_poll_gap: float | None) -> Behaviour:
    """Hold the polls of a store against its hours.

    Windows that the data cut are left out, as their first or last hour is not seen, and those in
    which the store was never up.
    """
    gap = None if max_poll_gap is None else round(max_poll_gap * HOUR)
    polls = sorted(store.polls.items())
    # Polls, and pairs of polls that agree.
    seen = [(at, at, status) for at, status in polls]
    seen += [
        (at, next_at if gap is None else min(next_at, at + gap), status)
        for (at, status), (next_at, next_status) in pairwise(polls)
        if status == next_status
    ]
    whole = [
        (opened_at, closed_at)
        for opened_at, closed_at in store.is_open
        if closed_at - opened_at >= 2 * HOUR
        and result.starts_at < opened_at
        and closed_at < result.as_of
        and figures((opened_at, closed_at), store.timeline).uptime
    ]

    def judged(starts: Iterable[int]) -> tuple[int, int]:
        polled = down = 0
        for start in starts:
            end = start + HOUR
            said = {status for at, until, status in seen if at < end and until >= start}
            is_mostly_down = figures((start, end), store.timeline).downtime > HOUR // 2
            polled += bool(said)
            down += "inactive" in said and ("active" not in said or is_mostly_down)
        return polled, down

    first_polled, first_down = judged(opened_at for opened_at, _ in whole)
    last_polled, last_down = judged(closed_at - HOUR for _, closed_at in whole)

    closed = {"active": 0, "inactive": 0}
    for (at, status), (until, next_status) in pairwise(polls):
        if status == next_status and until - at <= min(2 * HOUR, gap or 2 * HOUR):
            start = max(at, result.as_of - WEEK)
            is_open = sum(overlap((start, until), span) for span in store.is_open)
            closed[status] += max(until - start - is_open, 0)
    confirmed = closed["active"] + closed["inactive"]
    return Behaviour(
        len(whole),
        first_polled,
        first_down,
        last_polled,
        last_down,
        confirmed,
        closed["active"],
        first_polled >= 3 and 4 * first_down >= 3 * first_polled,
        last_polled >= 3 and 4 * last_down >= 3 * last_polled,
        confirmed >= 10 * HOUR and 4 * closed["active"] >= 3 * confirmed,
    )


# Groups and targets


def groups(result: Report, rows: Iterable[Row], rejected: Rejected, *attributes: str) -> Groups:
    """Return the stores of each attribute and value; rows are `(store_id, value, …)`.

    Of several rows of a store the last holds.
    """
    said: dict[str, list[str]] = {}
    for store_id, *values in rows:
        store_id = trimmed(store_id)
        if not store_id:
            rejected["stores", "missing_store_id"] += 1
            continue
        if store_id in said:
            rejected["stores", "repeated_store"] += 1
        said[store_id] = values
    rejected.update([("stores", "unknown_store")] * len(said.keys() - result.known.keys()))

    found: Groups = defaultdict(set)
    for store_id, store in result.known.items():
        found["all", None].add(store_id)
        found["store_id", store_id].add(store_id)
        found["timezone", store.zone].add(store_id)
        values = said.get(store_id, [""] * len(attributes))
        for attribute, value in zip(attributes, values, strict=True):
            found[attribute, trimmed(value) or None].add(store_id)
    return found


def summed(every: Iterable[Figures]) -> Figures:
    return Figures(*map(sum, zip(*every, strict=True)))


Grouped = dict[tuple, tuple[int, Figures]]


def by_group(known: Groups, parts: dict[tuple, Figures]) -> Grouped:
    """Add up what each store has by day, hour or period: `{(attribute, value, *part): …}`.

    `parts` is by store and part; how many stores have that part stands beside the figures.
    """
    members = defaultdict(list)
    for (attribute, value), store_ids in known.items():
        if attribute != "store_id":
            for (store_id, *part), each in parts.items():
                if store_id in store_ids:
                    members[attribute, value, *part].append(each)
    return {group: (len(each), summed(each)) for group, each in members.items()}


def lately(result: Report, length: int) -> Report:
    """Return a report whose timelines begin so long before `as_of`."""
    starts_at = max(result.starts_at, result.as_of - length)
    known = {
        store_id: store._replace(
            timeline=[
                stretch._replace(started_at=max(stretch.started_at, starts_at))
                for stretch in store.timeline
                if stretch.ended_at > starts_at
            ]
        )
        for store_id, store in result.known.items()
    }
    return result._replace(starts_at=starts_at, known=known)


class Target(NamedTuple):
    attribute: str
    value: str | None
    ratio: Fraction
    period: str


def read_targets(rows: Iterable[Row], known: Groups, rejected: Rejected) -> set[Target]:
    """Return the targets; rows are `(attribute, value, ratio, period)`."""
    targets = set()
    for attribute, value, ratio_text, period in rows:
        attribute = trimmed(attribute).lower()
        attribute = {"store": "store_id", "*": "all"}.get(attribute, attribute)
        value, period, ratio = (
            trimmed(value) or None,
            trimmed(period).lower(),
            read_ratio(ratio_text),
        )
        if attribute == "all":
            value = None
        if not attribute or (value is None and attribute != "all"):
            rejected["uptime_targets", "missing_group"] += 1
        elif ratio is None or not 0 < ratio <= 1:
            rejected["uptime_targets", "bad_ratio"] += 1
        elif period not in ("day", "week", "month", "quarter", "year"):
            rejected["uptime_targets", "bad_period"] += 1
        elif (attribute, value) not in known:
            rejected["uptime_targets", "unknown_group"] += 1
        else:
            targets.add(Target(attribute, value, ratio, period))
    return targets


def read_ratio(text: str) -> Fraction | None:
    text = trimmed(text)
    try:
        return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except ValueError:
        return None


class Attainment(NamedTuple):
    """Microseconds; the budget is a fraction of them."""

    ended_on: date
    is_running: bool
    is_start_cut: bool
    stores: int
    figures: Figures
    is_met: bool | None
    budget: Fraction
    longest_outage: Fraction


def attainment(
    result: Report, targets: set[Target], known: Groups, days_of_stores: dict
) -> dict[tuple[Target, date], Attainment]:
    """Return what each target comes to in each calendar period of the stores' own clocks."""
    today = {
        store_id: EPOCH.date() + timedelta(days=shown_clock(store.zone, result.as_of) // DAY)
        for store_id, store in result.known.items()
    }
    begins = {
        store_id: shown_clock(store.zone, result.starts_at)
        for store_id, store in result.known.items()
    }
    found = {}
    for target in targets:
        periods = defaultdict(list)
        for (store_id, day), each in days_of_stores.items():
            if store_id in known[target.attribute, target.value]:
                periods[first_day(day, target.period)].append((store_id, each))
        for started_on, members in periods.items():
            total = summed(each for _, each in members)
            uptime, downtime = total.uptime, total.downtime
            stores = {store_id for store_id, _ in members}
            ended_on = first_day(started_on + longest_period(target.period), target.period)
            budget = (1 - target.ratio) * (uptime + downtime)
            found[target, started_on] = Attainment(
                ended_on,
                any(today[store_id] < ended_on for store_id in stores),
                any(
                    begins[store_id] > (started_on - EPOCH.date()).days * DAY for store_id in stores
                ),
                len(stores),
                total,
                downtime <= budget if uptime + downtime else None,
                budget,
                max(Fraction(0), budget - downtime) / target.ratio,
            )
    return found


def first_day(day: date, period: str) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    month = {"year": 1, "quarter": day.month - (day.month - 1) % 3}.get(period, day.month)
    return day if period == "day" else date(day.year, month, 1)


def longest_period(period: str) -> timedelta:
    """Return a length that leads from a first day into the next period, and no further."""
    lengths = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
    return timedelta(days=lengths[period])
