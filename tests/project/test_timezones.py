"""The zone rules in `seeds/` are those of the pinned package `tzdata`: whole, exact, current."""

import csv
import random
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.generate.timezone_offsets import seed_files

SEEDS = Path(__file__).parents[2] / "seeds"
MICROSECOND = timedelta(microseconds=1)

Stretches = dict[str, list[tuple[datetime, datetime, timedelta]]]


@pytest.fixture(scope="module")
def stretches() -> Stretches:
    """Stretches `(valid_from, valid_until, offset)` of each zone, in the file's order."""
    by_zone = defaultdict(list)
    with (SEEDS / "timezone_offsets.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            by_zone[row["timezone"]].append(
                (
                    datetime.fromisoformat(row["valid_from"]).replace(tzinfo=UTC),
                    datetime.fromisoformat(row["valid_until"]).replace(tzinfo=UTC),
                    timedelta(seconds=int(row["utc_offset_seconds"])),
                )
            )
    return dict(by_zone)


@pytest.fixture
def _zones_of_the_package() -> Iterator[None]:
    """Make zoneinfo read the package `tzdata` and not the system's, perhaps older, files."""
    system = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=system)
    ZoneInfo.clear_cache()


@pytest.mark.parametrize("name", ["timezone_offsets.csv", "timezone_rules.csv"])
def test_seed_is_what_the_installed_tzdata_gives(name: str) -> None:
    committed, generated = (SEEDS / name).read_bytes().decode(), seed_files()[name]
    changed = sorted(set(committed.splitlines()) ^ set(generated.splitlines()))
    assert committed == generated, f"`make timezones` would change {changed[:10]} in {name}"


@pytest.mark.usefixtures("_zones_of_the_package")
def test_every_name_that_zoneinfo_knows_has_rules(stretches: Stretches) -> None:
    assert set(stretches) == zoneinfo.available_timezones()


def test_every_zone_covers_2014_to_2037_without_hole_or_overlap(stretches: Stretches) -> None:
    assert stretches
    for timezone, rows in stretches.items():
        assert rows[0][0] == datetime(2014, 1, 1, tzinfo=UTC), timezone
        assert rows[-1][1] == datetime(2038, 1, 1, tzinfo=UTC), timezone
        assert all(valid_from < valid_until for valid_from, valid_until, _ in rows), timezone
        for (_, ended_at, _), (started_at, _, _) in pairwise(rows):
            assert ended_at == started_at, timezone


def test_neighbouring_stretches_differ_in_their_offset(stretches: Stretches) -> None:
    for timezone, rows in stretches.items():
        for (_, _, earlier), (started_at, _, later) in pairwise(rows):
            assert earlier != later, f"{timezone} at {started_at}"


@pytest.mark.usefixtures("_zones_of_the_package")
def test_offsets_agree_with_zoneinfo(stretches: Stretches) -> None:
    """At the edges of every stretch, to the microsecond, and at a random instant inside."""
    rng = random.Random(20150101)
    instants = 0
    for timezone, rows in stretches.items():
        zone = ZoneInfo(timezone)
        for valid_from, valid_until, offset in rows:
            inside = valid_from + (valid_until - valid_from) * rng.random()
            for instant in (valid_from, inside, valid_until - MICROSECOND):
                assert instant.astimezone(zone).utcoffset() == offset, f"{timezone} at {instant}"
                instants += 1
    assert instants > 10_000


@pytest.mark.parametrize(
    ("timezone", "instant", "hours"),
    [
        ("America/Chicago", "2026-03-08 07:59:59", -6),
        ("America/Chicago", "2026-03-08 08:00:00", -5),
        ("US/Central", "2026-03-08 08:00:00", -5),
        ("Asia/Kathmandu", "2026-03-08 00:00:00", 5.75),
        # Half an hour of daylight saving.
        ("Australia/Lord_Howe", "2026-03-08 00:00:00", 11),
        ("Australia/Lord_Howe", "2026-07-08 00:00:00", 10.5),
        # One hour back for Ramadan, from 2026-02-15 to 2026-03-22.
        ("Africa/Casablanca", "2026-02-01 00:00:00", 1),
        ("Africa/Casablanca", "2026-03-08 00:00:00", 0),
        ("Africa/Casablanca", "2026-04-01 00:00:00", 1),
        # No more winter time since 2026: rules from before that year say -8.
        ("America/Vancouver", "2026-12-15 00:00:00", -7),
    ],
)
def test_known_offset(stretches: Stretches, timezone: str, instant: str, hours: float) -> None:
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert [
        offset
        for valid_from, valid_until, offset in stretches[timezone]
        if valid_from <= at < valid_until
    ] == [timedelta(hours=hours)]
