"""Write inputs of any size: stores, hours and zones as a chain has them, polled about hourly.

Three stores in four have hours, often several windows a day, some of them overnight, and about
five of those share them and a zone; one in twenty has no time zone, one in a hundred was never
polled. Outages last for hours and come back after days. The same seed and the same DuckDB give the
same rows.

Run: `python -m benchmarks.generate <folder> --stores 14000 --days 7`
"""

import argparse
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

# Daylight saving began in the United States four days before.
END = datetime(2026, 3, 12, 18)

# A number below n that always is the same for the same question.
CHANCE = """
create temp macro chance(question, store, turn, n) as (
    cast(hash(question, store, turn, {seed}) % n as bigint)
)
"""

STORES = """
create temp table stores as
select
    store,
    cast(1000000000000000000 + chance('id', store, 0, 8000000000000000000) as varchar) as store_id,
    [
        null, 'America/New_York', 'America/New_York', 'America/New_York', 'America/New_York',
        'America/New_York', 'America/New_York', 'America/New_York', 'America/New_York',
        'America/Chicago', 'America/Chicago', 'America/Chicago', 'America/Chicago',
        'America/Chicago', 'America/Denver', 'America/Denver', 'America/Phoenix',
        'America/Los_Angeles', 'America/Los_Angeles', 'America/Los_Angeles'
    ][1 + chance('zone', store, 0, 20)] as timezone_str,
    chance('hours', store, 0, 8) as hours,
    chance('closed day', store, 0, 28) as closed_day,
    chance('own hours', store, 0, {own_hours_one_in}) = 0 as has_own_hours,
    chance('polled', store, 0, 100) > 0 as is_polled,
    chance('minute', store, 0, 3000000000) as phase_us,
    36 + chance('outages', store, 0, 204) as hours_between_outages,
from range({stores}) as numbers (store)
"""

# Real hours: a few weeks that many stores share, and many that are like no other. Those open up to
# 40 minutes later and close up to 40 minutes earlier, otherwise on each day.
BUSINESS_HOURS = """
select
    store_id,
    day as dayOfWeek,
    if(
        has_own_hours and opens <> '00:00:00',
        (opens::time + to_minutes(5 * chance('opens', store, day, 9)))::varchar,
        opens
    ) as start_time_local,
    if(
        has_own_hours and closes <> '23:59:59',
        (closes::time - to_minutes(5 * chance('closes', store, day, 9)))::varchar,
        closes
    ) as end_time_local,
from stores
inner join (values
    (0, '09:00:00', '21:00:00'),
    (1, '10:30:00', '22:00:00'),
    (2, '11:00:00', '14:30:00'), (2, '17:00:00', '22:00:00'),
    (3, '07:00:00', '10:00:00'), (3, '11:30:00', '15:00:00'), (3, '18:00:00', '23:30:00'),
    (4, '00:00:00', '02:00:00'), (4, '17:00:00', '23:59:59'),
    (5, '00:00:00', '23:59:59')
) as windows (hours, opens, closes) using (hours)
cross join range(7) as days (day)
where day <> closed_day
order by store, day, opens
"""

TIMEZONES = """
select store_id, timezone_str
from stores
where timezone_str is not null
order by store
"""

# About one poll in four is missing, as in real files.
POLLS = """
with polls as (
    select
        stores.*,
        hour,
        hour // hours_between_outages as outage,
        hour % hours_between_outages as hour_of_cycle,
    from stores
    cross join range(
        epoch_ms(timestamp '{begin}') // 3600000, epoch_ms(timestamp '{end}') // 3600000
    ) as hours (hour)
    where is_polled and chance('missing', store, hour, 1000) >= 228
)

select
    store_id,
    case
        when hour_of_cycle - chance('begin', store, outage, 20)
            between 0 and chance('length', store, outage, 12)
            then 'inactive'
        else 'active'
    end as status,
    make_timestamp(
        hour * 3600000000 + phase_us + chance('jitter', store, hour, 600000000)
    ) as timestamp_utc,
from polls
order by timestamp_utc
"""

# The field writes an instant with the zeros at the end of its fraction dropped, as DuckDB does.
POLLS_AS_TEXT = f"select * replace (timestamp_utc || ' UTC' as timestamp_utc) from ({POLLS})"


@dataclass(frozen=True)
class Inputs:
    """Inputs in a folder; `ending` is `csv` or `parquet`.

    One store in `own_hours_one_in` has hours like no other store; the default makes schedules as
    varied as those of real chains, 1 makes as many as there are stores with hours.
    """

    folder: Path
    stores: int
    ending: str = "csv"
    seed: int = 1
    own_hours_one_in: int = 6

    def write(self, days: float, hours_per_file: int = 24) -> int:
        """Write all three inputs, with the polls of the days before `END`; return their number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._connect() as connection:
            self._copy(connection, BUSINESS_HOURS, "business_hours")
            self._copy(connection, TIMEZONES, "timezones")
        return self.write_polls(END - timedelta(days=days), END, hours_per_file)

    def write_polls(self, begin: datetime, end: datetime, hours_per_file: int) -> int:
        """Write the polls from `begin` until `end`, files and rows in order of time."""
        query = POLLS_AS_TEXT if self.ending == "csv" else POLLS
        rows = 0
        with self._connect() as connection:
            while begin < end:
                until = min(begin + timedelta(hours=hours_per_file), end)
                polls = query.format(begin=begin, end=until)
                rows += self._copy(connection, polls, f"store_status_{begin:%Y-%m-%dT%H}")
                begin = until
        return rows

    def write_hour(self, number: int) -> int:
        """Write the polls of the hour that begins `number` hours after `END`."""
        begin = END + timedelta(hours=number)
        return self.write_polls(begin, begin + timedelta(hours=1), 1)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute(CHANCE.format(seed=self.seed))
        connection.execute(
            STORES.format(stores=self.stores, own_hours_one_in=self.own_hours_one_in)
        )
        return connection

    def _copy(self, connection: duckdb.DuckDBPyConnection, query: str, name: str) -> int:
        file = self.folder / f"{name}.{self.ending}"
        return connection.execute(f"copy ({query}) to '{file}'").fetchall()[0][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stores", type=int, default=14_000)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--hours-per-file", type=int, default=24)
    parser.add_argument("--ending", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    inputs = Inputs(args.folder, args.stores, args.ending, args.seed)
    print(f"{inputs.write(args.days, args.hours_per_file):,} polls")


if __name__ == "__main__":
    main()
