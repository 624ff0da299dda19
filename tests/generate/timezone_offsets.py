"""Write the zone rules as data: `seeds/timezone_offsets.csv` and `seeds/timezone_rules.csv`.

The rules are those of the installed PyPI package `tzdata`, read from its own files, so that the
zone files of the operating system, whatever their age, play no part.
Every name the package lists is kept, aliases and the placeholder `Factory` (offset 0) included.

Run: `python tests/generate/timezone_offsets.py [folder]`
"""

import io
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata

SEEDS = Path(__file__).parents[2] / "seeds"

# Polls count from 2015 on; reports on the first of them reach back into the year before.
VALID_FROM = datetime(2014, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2038, 1, 1, tzinfo=UTC)

# A change undone within one step would be missed. The quickest one known is 28 days: Fiji in
# December 2020; Morocco's pairs around Ramadan are 35 and 42 days apart.
STEP_SECONDS = 24 * 3600


def seed_files() -> dict[str, str]:
    """Return the text of each seed file by its name."""
    return {
        "timezone_offsets.csv": _csv(
            "timezone,valid_from,valid_until,utc_offset_seconds",
            (
                (timezone, _text(valid_from), _text(valid_until), str(offset))
                for timezone in sorted(_package_file("zones").decode().split())
                for valid_from, valid_until, offset in _zone_stretches(timezone)
            ),
        ),
        "timezone_rules.csv": _csv(
            "tzdata_version,iana_version,valid_from,valid_until",
            [
                (
                    tzdata.__version__,
                    tzdata.IANA_VERSION,
                    _text(int(VALID_FROM.timestamp())),
                    _text(int(VALID_UNTIL.timestamp())),
                )
            ],
        ),
    }


def _zone_stretches(timezone: str) -> tuple[tuple[int, int, int], ...]:
    return _stretches(_package_file("zoneinfo", *timezone.split("/")))


# Aliases have the same bytes as the zone they stand for: almost half of the names.
@cache
def _stretches(zone_file: bytes) -> tuple[tuple[int, int, int], ...]:
    """Stretches `(from, until, offset)` in seconds; neighbours differ in their offset."""
    zone = ZoneInfo.from_file(io.BytesIO(zone_file))
    valid_from, valid_until = int(VALID_FROM.timestamp()), int(VALID_UNTIL.timestamp())
    starts = [valid_from, *_changes(zone, valid_from, valid_until)]
    return tuple(
        (start, end, _offset(zone, start))
        for start, end in zip(starts, [*starts[1:], valid_until], strict=True)
    )


def _changes(zone: ZoneInfo, valid_from: int, valid_until: int) -> Iterator[int]:
    """Find the seconds at which the offset becomes another one, whatever name or DST flag do."""
    low, offset = valid_from, _offset(zone, valid_from)
    while low < valid_until - 1:
        high = min(low + STEP_SECONDS, valid_until - 1)
        if _offset(zone, high) == offset:
            low = high
            continue
        seconds = range(low, high + 1)
        low = seconds[
            bisect_left(seconds, True, key=lambda second: _offset(zone, second) != offset)
        ]
        offset = _offset(zone, low)
        yield low


def _offset(zone: ZoneInfo, second: int) -> int:
    """Return the seconds that the zone is ahead of UTC."""
    offset = datetime.fromtimestamp(second, zone).utcoffset().total_seconds()
    if offset != int(offset):
        raise ValueError(f"{zone} is {offset} s from UTC at {second}: not whole seconds")
    return int(offset)


def _package_file(*path: str) -> bytes:
    return resources.files(tzdata).joinpath(*path).read_bytes()


def _text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}"


def _csv(header: str, rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"{line}\n" for line in [header, *map(",".join, rows)])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    for name, text in seed_files().items():
        (folder / name).write_text(text, newline="\n")
