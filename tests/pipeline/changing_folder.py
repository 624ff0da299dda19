"""A folder with inputs that changes like a real one: files arrive, late or twice, and are mended.

The same seed gives the same folder and the same changes.
"""

import csv
import gzip
import io
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# The clocks change: North America and Casablanca, London, Lord Howe Island, North America.
STARTS = ("2024-03-06", "2024-03-27", "2024-04-03", "2024-10-30")

ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "Europe/London",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)

# What each weekday's rows may be: nothing, one window, two, overnight, round the clock.
DAYS = (
    (),
    (("09:00:00", "17:30:00"),),
    (("07:00", "11:00"), ("11:00", "14:00"), ("16:00", "23:59")),
    (("18:00:00", "02:30:00"),),
    (("20:00:00", "23:59:59"), ("00:00:00", "04:00:00")),
    (("00:00:00", "24:00:00"),),
    (("06:00:00", "06:00:00"),),
    (("03:00:00", "02:00:00"),),
)

POLICIES = {
    "default_timezone": ("Asia/Kathmandu", "Europe/London"),
    "closes_at_midnight_from": ("24:00:00", "17:30:00"),
    "status_before_first_poll": ("unknown", "active", "inactive"),
    "status_when_never_polled": ("active", "inactive"),
    "max_poll_gap": (1, 2.5),
    "exclusions": ("count_up", "ignore"),
}

Row = tuple[str, ...]

_HOURS = ("start_time_local", "end_time_local")
OPTIONAL: dict[str, Row] = {
    "special_hours.csv": ("store_id", "date", *_HOURS),
    "exclusions.csv": ("store_id", "from", "to", "reason", "author"),
    "stores.csv": ("store_id", "brand", "Timezone"),
    "uptime_targets.csv": ("attribute", "value", "ratio", "period"),
    "business_hours_limited.csv": ("store_id", "day", *_HOURS, "valid_from", "valid_to"),
}


@dataclass
class File:
    """The rows of a file, and for CSV also lines that do not parse."""

    rows: list[Row]
    broken_lines: list[str] = field(default_factory=list)
    layout: int = 0


class ChangingFolder:
    """The inputs in a folder. Each method in `CHANGES` changes something and says what."""

    def __init__(self, path: Path, seed: object) -> None:
        self.path = path
        self.rng = random.Random(str(seed))
        self.variables: dict[str, object] = {}
        self.polls: dict[str, File] = {}
        self.hours: dict[str, File] = {}
        self.zones: dict[str, File] = {}
        self.optional: dict[str, File] = {}
        # Files as old as this are known to be the same as long as their time is.
        self._modified = int(time.time()) - 1_000_000
        self._files_made = 0
        self._statuses: dict[str, bool] = {}
        self._ids_left = [
            *(f"{self.rng.randrange(10**18, 10**19)}" for _ in range(40)),
            *(
                "7",
                "07",
                "Zürich, Bahnhofstraße",
                'say "hi"',
                "5b2ff5a6-8a0e-4f0b-9d5c-3c1f6f1f7a10",
            ),
        ]
        self.rng.shuffle(self._ids_left)
        self.start = datetime.fromisoformat(self.rng.choice(STARTS)).replace(tzinfo=UTC)
        self.now = self.start
        # In the first half of each day they are not polled.
        self._resting: set[str] = set()

        path.mkdir(parents=True)
        self.stores = [self._ids_left.pop() for _ in range(24)]
        self._resting.update(self.stores[6:10])
        self._put(
            self.hours,
            "business_hours.csv",
            [row for store in self.stores[:18] for row in self._hours_of(store)],
        )
        self._put(
            self.zones,
            "timezones.csv",
            [(store, self.rng.choice(ZONES)) for store in self.stores[4:]],
        )
        polled = self.stores[:-2]
        while self.now < self.start + 7 * DAY:
            self._add_polls("day", polled, self.now, self.now + DAY)
            self.now += DAY

    # Arrivals

    def next_hour(self) -> str:
        """Add the file of the next hour."""
        start, self.now = self.now, self.now + HOUR
        some = self.rng.sample(self.stores, len(self.stores) * 3 // 4)
        return "polls of the next hour in " + self._add_polls("hour", some, start, self.now)

    def next_hours(self) -> str:
        """Add several files at once, with a hole behind them."""
        names = []
        for _ in range(self.rng.randrange(2, 5)):
            names.append(self.next_hour())
        self.now += self.rng.randrange(3) * HOUR
        return ", ".join(names)

    def late_file(self) -> str:
        """Add polls that are hours or days old."""
        start = self._past_instant()
        some = self.rng.sample(self.stores, self.rng.randrange(1, 9))
        end = start + self.rng.randrange(1, 30) * HOUR
        return f"late polls from {start} in " + self._add_polls("late", some, start, end)

    def early_file(self) -> str:
        """Add polls earlier than all others."""
        start = self._first_poll() - self.rng.randrange(1, 200) * HOUR
        some = self.rng.sample(self.stores, self.rng.randrange(1, 4))
        return f"earliest polls {start} in " + self._add_polls("early", some, start, start + HOUR)

    def repeating_file(self) -> str:
        """Add polls that are there already."""
        rows = self._some_polls()
        return "the same polls in " + self._add("repeated", rows)

    def contradicting_file(self) -> str:
        """Add polls of the same stores and instants with the other status."""
        rows = [(store, _other(status), at) for store, status, at in self._some_polls()]
        return "contradicting polls in " + self._add("contradicting", rows)

    def last_instant_again(self) -> str:
        """Add polls at `as_of` itself."""
        last = _text(self._last_poll())
        some = self.rng.sample(self.stores, 3)
        rows = [(store, self.rng.choice(("active", "inactive")), last) for store in some]
        return "more polls at the last instant in " + self._add("last", rows)

    def new_store(self) -> str:
        """Poll a store for the first time; its hours and zone may be missing."""
        store = self._new_store()
        name = self._add_polls("new", [store], self._past_instant(), self.now)
        return f"new store {store} in {name}"

    def new_store_without_polls(self) -> str:
        """Name a new store in the hours or in the zones only."""
        store = self._new_store(self.rng.choice(("hours", "zones")))
        return f"new store {store} without polls"

    # Corrections

    def corrected_file(self) -> str:
        """Write a file of polls again with other rows."""
        name = self._any_file()
        file = self.polls[name]
        file.rows = [
            self._corrected(row) for row in file.rows if self.rng.random() < 0.9
        ] or file.rows[:1]
        self._write(name, file)
        return f"corrected {name}"

    def corrected_file_of_same_size(self) -> str:
        """Write a file of polls again, not a byte longer or shorter."""
        name = self.rng.choice([name for name in self.polls if name.endswith(".csv")] or [""])
        if not name:
            return ""
        file, size = self.polls[name], (self.path / name).stat().st_size
        statuses = [row[1] for row in file.rows]
        self.rng.shuffle(statuses)
        file.rows = [
            (store, status, at) for (store, _, at), status in zip(file.rows, statuses, strict=True)
        ]
        self._write(name, file)
        assert (self.path / name).stat().st_size == size
        return f"corrected {name} within its size"

    def corrected_just_now(self) -> str:
        """Write a file of polls at the moment of the build."""
        said = self.corrected_file()
        name = said.split()[-1]
        os.utime(self.path / name)
        return said + " just now"

    def touched_file(self) -> str:
        """Write a file of polls again as it is."""
        name = self._any_file()
        self._write(name, self.polls[name])
        return f"rewrote {name} as it was"

    def renamed_file(self) -> str:
        """Give a file of polls another name, perhaps another format."""
        name = self._any_file()
        file = self.polls.pop(name)
        (self.path / name).unlink()
        file.broken_lines = []
        return f"renamed {name} to " + self._add("renamed", file.rows)

    def removed_file(self) -> str:
        """Remove a file of polls."""
        return self._remove(self._any_file())

    def removed_newest_file(self) -> str:
        """Remove the file with the newest poll, so that `as_of` goes back."""
        last = _text(self._last_poll())
        names = [
            name for name, file in self.polls.items() if any(row[2] == last for row in file.rows)
        ]
        said = "newest: " + ", ".join(self._remove(name) for name in names)
        self.now = self._last_poll().replace(minute=0, second=0, microsecond=0) + HOUR
        return said

    def removed_oldest_file(self) -> str:
        """Remove the file with the oldest poll, so that history begins later."""
        first = _text(self._first_poll())
        names = [
            name for name, file in self.polls.items() if any(row[2] == first for row in file.rows)
        ]
        return "oldest: " + ", ".join(self._remove(name) for name in names)

    def removed_store(self) -> str:
        """Take a store out of all files."""
        store = self.rng.choice(self.stores)
        self.stores.remove(store)
        for files in (self.polls, self.hours, self.zones):
            for name, file in files.items():
                kept = [row for row in file.rows if row[0] != store]
                if kept != file.rows:
                    file.rows = kept
                    self._write(name, file)
        return f"removed store {store}"

    def removed_store_from_a_file(self) -> str:
        """Take all rows of one store out of one file."""
        name = self._any_file()
        file = self.polls[name]
        store = self.rng.choice(file.rows)[0]
        file.rows = [row for row in file.rows if row[0] != store]
        self._write(name, file)
        return f"removed store {store} from {name}"

    # Rows that are set aside

    def rejected_polls(self) -> str:
        """Add rows with a bad status, timestamp or store, some of stores known nowhere else."""
        stores = [*self.rng.sample(self.stores, 2), "", f"rejected {self.rng.randrange(3)}"]
        good = _text(self._past_instant())
        rows = [
            (self.rng.choice(stores), status, at)
            for status, at in (
                ("active", good),
                ("paused", good),
                ("active", "2036-01-01 00:00:00 UTC"),
                ("inactive", "2014-12-31 23:59:59 UTC"),
                *self.rng.choice(((), (("active", "soon"), ("", "")))),
            )
        ]
        return "rejected polls in " + self._add("rejected", rows)

    def broken_lines(self) -> str:
        """Add a file with lines that do not parse, between lines that do."""
        start = self._past_instant()
        rows = self._polls(self.rng.sample(self.stores, 4), start, start + 2 * HOUR)
        rows.insert(2, ("", "paused", "soon"))
        broken = ["x,active", "1,2,3,4,5", '"', "a,b,c,d"]
        name = f"store_status_{self._number()}_broken.csv" + self.rng.choice(("", ".gz"))
        self._put(self.polls, name, rows, self.rng.sample(broken, 2))
        return f"broken lines in {name}"

    def mended_lines(self) -> str:
        """Take out what does not parse."""
        for name, file in self.polls.items():
            if file.broken_lines:
                file.broken_lines = []
                self._write(name, file)
                return f"mended {name}"
        return ""

    def rejected_hours(self) -> str:
        """Add bad rows to the hours, or take them out again."""
        file = self.hours["business_hours.csv"]
        bad = [
            row for row in file.rows if row[1] not in "0123456" or ":" not in row[2] or not row[0]
        ]
        if bad:
            file.rows = [row for row in file.rows if row not in bad]
        else:
            store = self.rng.choice(self.stores)
            file.rows[1:1] = [
                (store, "8", "09:00", "10:00"),
                (store, "2", "noon", "10:00"),
                ("", "2", "09:00", "10:00"),
                ("only bad hours", "2", "noon", "10:00"),
            ]
        file.broken_lines = [] if bad else ["1,2,3"]
        self._write("business_hours.csv", file)
        return "took out the rejected hours" if bad else "rejected hours"

    # Hours and zones

    def changed_hours(self) -> str:
        """Give a store other hours, or none."""
        store = self.rng.choice(self.stores)
        for name, file in self.hours.items():
            file.rows = [row for row in file.rows if row[0] != store]
            self._write(name, file)
        if self.rng.random() < 0.8:
            name, file = self.rng.choice(list(self.hours.items()))
            file.rows += self._hours_of(store)
            self._write(name, file)
        return f"changed hours of {store}"

    def changed_zone(self) -> str:
        """Give a store another zone, an unknown one or none."""
        store = self.rng.choice(self.stores)
        zone = self.rng.choice((*ZONES, "Mars/Olympus_Mons", ""))
        file = self.zones["timezones.csv"]
        file.rows = [row for row in file.rows if row[0] != store]
        if zone:
            file.rows.append((store, zone))
        self._write("timezones.csv", file)
        return f"changed zone of {store} to {zone or 'none'}"

    def contradicting_zones(self) -> str:
        """Write a file that names other zones, or write one of several files again."""
        name = self.rng.choice(("timezones.csv", "timezones_0.csv", "timezones_2.csv"))
        if name in self.zones:
            self._write(name, self.zones[name])
            return f"rewrote {name} as it was"
        some = self.rng.sample(self.stores, 5)
        self._put(self.zones, name, [(store, self.rng.choice(ZONES)) for store in some])
        return f"other zones in {name}"

    def more_hours(self) -> str:
        """Add a second file with hours, or remove it."""
        name = "menu_hours.csv.gz"
        if name in self.hours:
            del self.hours[name]
            (self.path / name).unlink()
            return f"removed {name}"
        some = self.rng.sample(self.stores, 3)
        self._put(self.hours, name, [row for store in some for row in self._hours_of(store)])
        return f"more hours in {name}"

    def rewritten_hours(self) -> str:
        """Write the hours again as they were, in another order."""
        file = self.hours["business_hours.csv"]
        self.rng.shuffle(file.rows)
        self._write("business_hours.csv", file)
        return "rewrote the hours in another order"

    # Optional inputs

    def special_hours(self) -> str:
        """Say of a few dates when a store or all stores are open, or take all that back."""
        rows = []
        for _ in range(self.rng.randrange(1, 6)):
            store = self.rng.choice(["*", *self.rng.sample(self.stores, 3), "unknown", ""])
            date = str(self._past_instant().date() + self.rng.randrange(-1, 3) * DAY)
            hours = self.rng.choice(DAYS) or (("", ""),)
            rows += [(store, date, *times) for times in hours]
        rows.append((self.stores[0], "soon", "09:00", "10:00"))
        return self._more_or_nothing("special_hours.csv", rows)

    def exclusions(self) -> str:
        """Exclude some time of a store or of all stores, or take all that back."""
        rows = []
        for _ in range(self.rng.randrange(1, 4)):
            store = self.rng.choice(["*", *self.rng.sample(self.stores, 3), "unknown"])
            start = self._past_instant()
            end = start + self.rng.uniform(-1, 9) * HOUR
            rows.append((store, _text(start), _text(end), "maintenance", ""))
        return self._more_or_nothing("exclusions.csv", rows)

    def attributes(self) -> str:
        """Say what stores have in common, and what they should reach."""
        brands = ("Burger", "Pizza", "")
        rows = [
            (store, self.rng.choice(brands), "n/a") for store in self.rng.sample(self.stores, 9)
        ]
        targets = [("brand", "Burger", "0.9", "week"), ("store", rows[0][0], "99.5%", "month")]
        self._more_or_nothing("uptime_targets.csv", [*targets, ("brand", "Sushi", "0.9", "day")])
        return self._more_or_nothing("stores.csv", rows)

    def limited_hours(self) -> str:
        """Give stores hours that hold from one date to another, or take all that back."""
        rows = []
        for store in self.rng.sample(self.stores, 2):
            start = self._past_instant().date()
            limits = self.rng.choice([(start, ""), ("", start), (start, start + 3 * DAY)])
            rows += [(*row, *map(str, limits)) for row in self._hours_of(store)]
        return self._more_or_nothing("business_hours_limited.csv", rows)

    def _more_or_nothing(self, name: str, rows: list[Row]) -> str:
        if name in self.optional and self.rng.random() < 0.3:
            del self.optional[name]
            (self.path / name).unlink()
            return f"removed {name}"
        known = self.optional[name].rows if name in self.optional else []
        self._put(self.optional, name, known + rows)
        return f"more rows in {name}"

    # Policy

    def changed_policy(self) -> str:
        """Set or unset a var."""
        name = self.rng.choice([*POLICIES, "as_of", "as_of"])
        if name in self.variables:
            del self.variables[name]
            return f"unset {name}"
        self.variables[name] = (
            _text(self._past_instant()) if name == "as_of" else self.rng.choice(POLICIES[name])
        )
        return f"set {name} to {self.variables[name]}"

    # A file that stops the build

    def put_file_without_status(self) -> None:
        """Add a file that lacks a column."""
        ending = self.rng.choice(("csv", "parquet"))
        self._write(f"store_status_bad.{ending}", File([("1", _text(self.now))]))

    def remove_file_without_status(self) -> None:
        """Remove it."""
        for path in self.path.glob("store_status_bad.*"):
            path.unlink()

    # How rows come about

    def _new_store(self, where: str = "") -> str:
        store = self._ids_left.pop()
        self.stores.append(store)
        if where == "hours" or (not where and self.rng.random() < 0.5):
            file = self.hours["business_hours.csv"]
            file.rows += self._hours_of(store)
            self._write("business_hours.csv", file)
        if where == "zones" or (not where and self.rng.random() < 0.5):
            file = self.zones["timezones.csv"]
            file.rows.insert(0, (store, self.rng.choice(ZONES)))
            self._write("timezones.csv", file)
        return store

    def _hours_of(self, store: str) -> list[Row]:
        kinds = self.rng.sample(DAYS, 2)
        if self.rng.random() < 0.2:
            kinds = [DAYS[5]]
        return [
            (store, str(day), opens, closes)
            for day in range(7)
            for opens, closes in self.rng.choice(kinds)
        ]

    def _polls(self, stores: Sequence[str], start: datetime, end: datetime) -> list[Row]:
        rows = []
        for store in stores:
            at = start + HOUR * self.rng.random()
            while at < end:
                status = self._statuses.setdefault(store, self.rng.random() < 0.8)
                if store not in self._resting or at.hour >= 12:
                    rows.append((store, "active" if status else "inactive", _text(at)))
                self._statuses[store] = status ^ (self.rng.random() < 0.12)
                at += HOUR * self.rng.uniform(0.8, 1.3)
        return rows

    def _some_polls(self) -> list[Row]:
        rows = self.polls[self._any_file()].rows
        good = [row for row in rows if row[1] in ("active", "inactive") and "20" in row[2]]
        return self.rng.sample(good, self.rng.randint(1, len(good))) if good else rows[:1]

    def _corrected(self, row: Row) -> Row:
        chance = self.rng.random()
        if chance < 0.1:
            return (row[0], _other(row[1]), row[2])
        if chance < 0.15:
            return (row[0], row[1], _text(self._past_instant()))
        return row

    def _instants(self, without: str = "") -> list[datetime]:
        return [
            datetime.fromisoformat(row[2].replace(" UTC", "+00:00"))
            for name, file in self.polls.items()
            if name != without
            for row in file.rows
            if row[0] and row[1] in ("active", "inactive") and "2015" < row[2] < "2030"
        ]

    def _first_poll(self) -> datetime:
        return min(self._instants(), default=self.start)

    def _last_poll(self) -> datetime:
        return max(self._instants(), default=self.now)

    def _past_instant(self) -> datetime:
        return self.start + (self.now - self.start) * self.rng.random()

    # How files come about

    def _number(self) -> int:
        self._files_made += 1
        return self._files_made

    def _any_file(self) -> str:
        names = [name for name, file in self.polls.items() if file.rows]
        if not names:
            self.next_hour()
            return self._any_file()
        return self.rng.choice(names)

    def _add_polls(self, kind: str, stores: Sequence[str], start: datetime, end: datetime) -> str:
        rows = self._polls(stores, start, end)
        self.rng.shuffle(rows)
        return self._add(kind, rows)

    def _add(self, kind: str, rows: list[Row]) -> str:
        # Names do not follow the order of arrival.
        ending = self.rng.choice(("csv", "csv", "csv.gz", "parquet"))
        name = f"store_status_{self.rng.randrange(100):02}_{kind}_{self._number()}.{ending}"
        self._put(self.polls, name, rows)
        return name

    def _put(
        self,
        files: dict[str, File],
        name: str,
        rows: list[Row],
        broken_lines: Sequence[str] = (),
    ) -> None:
        # Broken lines are written for the plain layout.
        layout = 0 if broken_lines or files is not self.polls else self.rng.randrange(3)
        files[name] = File(rows, list(broken_lines), layout)
        self._write(name, files[name])

    def _remove(self, name: str) -> str:
        if not self._instants(without=name):
            return f"kept {name}, the last with a poll"
        del self.polls[name]
        (self.path / name).unlink()
        return f"removed {name}"

    def _write(self, name: str, file: File) -> None:
        if name.startswith("store_status_bad"):
            header: Row = ("store_id", "timestamp_utc")
        elif name.startswith("store_status"):
            header = ("store_id", "status", "timestamp_utc")
        elif name.startswith("timezones"):
            header = ("store_id", "timezone_str")
        elif name in OPTIONAL:
            header = OPTIONAL[name]
        else:
            header = ("store_id", "dayOfWeek", "start_time_local", "end_time_local")
        path = self.path / name
        if name.endswith(".parquet"):
            _write_parquet(path, header, file)
        else:
            content = _csv(header, file).encode()
            path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
        self._modified += 1
        os.utime(path, (self._modified, self._modified))


Change = Callable[[ChangingFolder], str]

CHANGES: tuple[Change, ...] = (
    ChangingFolder.next_hour,
    ChangingFolder.next_hours,
    ChangingFolder.late_file,
    ChangingFolder.early_file,
    ChangingFolder.repeating_file,
    ChangingFolder.contradicting_file,
    ChangingFolder.last_instant_again,
    ChangingFolder.new_store,
    ChangingFolder.new_store_without_polls,
    ChangingFolder.corrected_file,
    ChangingFolder.corrected_file_of_same_size,
    ChangingFolder.corrected_just_now,
    ChangingFolder.touched_file,
    ChangingFolder.renamed_file,
    ChangingFolder.removed_file,
    ChangingFolder.removed_newest_file,
    ChangingFolder.removed_oldest_file,
    ChangingFolder.removed_store,
    ChangingFolder.removed_store_from_a_file,
    ChangingFolder.rejected_polls,
    ChangingFolder.broken_lines,
    ChangingFolder.mended_lines,
    ChangingFolder.rejected_hours,
    ChangingFolder.changed_hours,
    ChangingFolder.changed_zone,
    ChangingFolder.contradicting_zones,
    ChangingFolder.more_hours,
    ChangingFolder.rewritten_hours,
    ChangingFolder.special_hours,
    ChangingFolder.special_hours,
    ChangingFolder.exclusions,
    ChangingFolder.exclusions,
    ChangingFolder.attributes,
    ChangingFolder.limited_hours,
    ChangingFolder.limited_hours,
)


def _text(at: datetime) -> str:
    fraction = f".{at.microsecond:06}".rstrip("0").rstrip(".")
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} UTC"


def _other(status: str) -> str:
    return {"active": "inactive", "inactive": "active"}.get(status, status)


def _csv(header: Row, file: File) -> str:
    """Write the rows; which order of columns, delimiter and line end depends on the layout."""
    text = io.StringIO(newline="")
    order = slice(None, None, -1 if file.layout == 1 else 1)
    style = {"delimiter": ";", "lineterminator": "\r\n"} if file.layout == 2 else {}
    writer = csv.writer(text, **{"lineterminator": "\n", **style})
    writer.writerows(row[order] for row in [header, *file.rows])
    lines = text.getvalue().splitlines(keepends=True)
    for number, broken in enumerate(file.broken_lines):
        lines.insert(2 + 2 * number, broken + "\n")
    return "".join(lines)


def _write_parquet(path: Path, header: Row, file: File) -> None:
    """Write the rows; where every timestamp is one, two of three files keep them as such."""
    kind = "varchar"
    if file.layout and all(row[2].endswith(" UTC") for row in file.rows):
        kind = "timestamp" if file.layout == 1 else "timestamptz"
    lines = path.with_suffix(".lines")
    lines.write_text(_csv(header, File(file.rows)))
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"""
            copy (
                select * replace (
                    cast(replace(timestamp_utc, ' UTC', 'Z') as {kind}) as timestamp_utc
                )
                from read_csv('{lines}', all_varchar = true, header = true, delim = ',')
            ) to '{path}' (format parquet)
            """
        )
    lines.unlink()
