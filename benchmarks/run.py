"""Measure full builds, hourly refreshes and the service, beside the shortest plain SQL.

Prints tables, and writes them to `benchmarks/RESULTS.md` if every size was measured.
The figures of the models and of the plain SQL are compared; a difference ends the run.
With `--base`, another commit is set up in an environment of its own and builds from the same
inputs in turns, so that a slow hour of the machine is slow for both.

Run: `python -m benchmarks.run [--quick] [--sizes 7d 90d 100m] [--base main]`
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import service
from benchmarks.builds import PROJECT, REPORT, Cost, Scratch
from benchmarks.generate import Inputs

RESULTS = Path(__file__).parent / "RESULTS.md"

# DuckDB knows to the second when a file was written: a younger one is read twice to be safe.
SETTLED_SECONDS = 3


@dataclass(frozen=True)
class Size:
    """Inputs to measure with, and how often; `hours` are refreshed one by one."""

    name: str
    stores: int
    days: int
    ending: str
    repeat: int


SIZES = {
    "7d": Size("14,000 stores x 7 days, CSV", 14_000, 7, "csv", 3),
    "90d": Size("14,000 stores x 90 days, CSV", 14_000, 90, "csv", 1),
    "100m": Size("100,000 stores x 55 days, Parquet", 100_000, 55, "parquet", 1),
}
QUICK = {
    "7d": Size("500 stores x 7 days, CSV", 500, 7, "csv", 1),
    "90d": Size("500 stores x 90 days, CSV", 500, 90, "csv", 1),
    "100m": Size("1,000 stores x 55 days, Parquet", 1_000, 55, "parquet", 1),
}
# The service is measured on the warehouse of this size.
SERVED = "7d"


@dataclass(frozen=True)
class Measured:
    """Medians for one size."""

    size: Size
    polls: int
    new_polls: int
    parse: Cost
    full: Cost
    report: Cost
    refresh: Cost
    yardstick: Cost
    service: service.Service | None
    # The full build and the refresh of the other commit.
    base: tuple[Cost, Cost] | None


def measure(
    size: Size, folder: Path, memory_limit: str, is_served: bool, base: Path | None
) -> Measured:
    shutil.rmtree(folder, ignore_errors=True)
    inputs = Inputs(folder / "inputs", size.stores, size.ending)
    polls = inputs.write(size.days)
    time.sleep(SETTLED_SECONDS)
    parse, full, report, yardstick, base_full = [], [], [], [], []
    for number in range(size.repeat):
        if base:
            shutil.rmtree(folder / "base", ignore_errors=True)
            base_scratch = Scratch(folder / "base", inputs.folder, memory_limit, base)
            base_scratch.parse()
            base_full.append(base_scratch.build())
        scratch = Scratch(folder / f"report_{number}", inputs.folder, memory_limit)
        scratch.parse()
        report.append(scratch.build(REPORT))
        shutil.rmtree(scratch.folder)
        scratch = Scratch(folder / f"build_{number}", inputs.folder, memory_limit)
        parse.append(scratch.parse())
        full.append(scratch.build())
        yardstick.append(scratch.yardstick(size.ending))
        scratch.check_figures()
        if number + 1 < size.repeat:
            shutil.rmtree(scratch.folder)
    refresh, new_polls, base_refresh = [], [], []
    hours = _write_hours(inputs)
    for _, new in zip(range(max(size.repeat, 3)), hours, strict=False):
        new_polls.append(new)
        if base:
            base_refresh.append(base_scratch.build())
        refresh.append(scratch.build())
    scratch.yardstick(size.ending)
    scratch.check_figures()
    served = service.measure(scratch, hours, max(size.repeat, 3)) if is_served else None
    shutil.rmtree(folder)
    return Measured(
        size,
        polls,
        round(statistics.median(new_polls)),
        _median(parse),
        _median(full),
        _median(report),
        _median(refresh),
        _median(yardstick),
        served,
        (_median(base_full), _median(base_refresh)) if base else None,
    )


def _write_hours(inputs: Inputs) -> Iterator[int]:
    """Add the polls of one more hour at each step; yield their number."""
    number = 0
    while True:
        new = inputs.write_hour(number)
        time.sleep(SETTLED_SECONDS)
        yield new
        number += 1


def _median(costs: Sequence[Cost]) -> Cost:
    """Return the run in the middle by wall time, whole: its parts belong together."""
    return sorted(costs, key=lambda cost: cost.wall_seconds)[len(costs) // 2]


def page(measured: Sequence[Measured], memory_limit: str) -> str:
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("duckdb", "dbt-core", "dbt-duckdb", "fastapi")
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        "# Results of `make bench`",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GB of memory"
        f" (`memory_limit` {memory_limit}), Python {platform.python_version()}, {versions}.\n"
        "Medians where a run was repeated.",
        "## Builds",
        _builds_table(measured),
        "The yardstick is `yardstick.sql`: plain SQL without dbt that computes the report and"
        " nothing else, by a full pass over the same files; its figures are the same.\n"
        "The report alone is `dbt build --select " + " ".join(REPORT) + "`: without the tables that"
        " answer further questions, and without a release, which a part of a build does not"
        " publish.\n"
        "dbt parses the project once after each change of it, so that the very first build takes"
        " that much longer.\n"
        "SQL is the time in which at least one of dbt's two threads had a statement running, data"
        " tests and the publishing of the release included; the rest is dbt itself, or Python.",
        "## What the SQL time is made of",
        *(_nodes_table(one) for one in measured),
    ]
    for one in measured:
        if one.service:
            parts += [f"## The service, {one.size.name}", _service_table(one.service)]
    return "\n\n".join(parts) + "\n"


def _builds_table(measured: Sequence[Measured]) -> str:
    rows = [
        "| inputs | what | polls read | wall s | SQL s | rest s | CPU s | polls/s | peak GB |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in measured:
        rows += [
            f"| {one.size.name} | dbt's parse, once | | {one.parse.wall_seconds:.1f} | | | "
            f"{one.parse.cpu_seconds:.1f} | | {one.parse.peak_bytes / 2**30:.2f} |",
            f"| | full build | {_row(one.polls, one.full)} |",
            f"| | the report alone | {_row(one.polls, one.report)} |",
            f"| | full build / the report alone | {_ratios(one.full, one.report)} |",
            f"| | yardstick | {_row(one.polls, one.yardstick)} |",
            f"| | full build / yardstick | {_ratios(one.full, one.yardstick)} |",
            f"| | hourly refresh | {_row(one.new_polls, one.refresh)} |",
        ]
        if one.base:
            full, refresh = one.base
            rows += [
                f"| | full build of the base | {_row(one.polls, full)} |",
                f"| | full build / that of the base | {_ratios(one.full, full)} |",
                f"| | hourly refresh of the base | {_row(one.new_polls, refresh)} |",
                f"| | hourly refresh / that of the base | {_ratios(one.refresh, refresh)} |",
            ]
    return "\n".join(rows)


def _row(polls: int, cost: Cost) -> str:
    seconds = (
        cost.wall_seconds,
        cost.sql_seconds,
        cost.wall_seconds - cost.sql_seconds,
        cost.cpu_seconds,
    )
    figures = [f"{polls:,}", *(f"{value:.1f}" for value in seconds)]
    figures += [f"{polls / cost.wall_seconds:,.0f}", f"{cost.peak_bytes / 2**30:.2f}"]
    return " | ".join(figures)


def _ratios(one: Cost, other: Cost) -> str:
    figures = [
        "",
        f"{one.wall_seconds / other.wall_seconds:.2f}",
        f"{one.sql_seconds / other.sql_seconds:.2f}",
        "",
        f"{one.cpu_seconds / other.cpu_seconds:.2f}",
        "",
        f"{one.peak_bytes / other.peak_bytes:.2f}",
    ]
    return " | ".join(figures)


def _nodes_table(one: Measured) -> str:
    """Return the slowest models, seeds, tests and hooks of the full build and of the refresh."""
    rows = [f"| {one.size.name}, full | s | hourly refresh | s |", "|---|--:|---|--:|"]
    slowest = (
        sorted(cost.node_seconds.items(), key=lambda node: -node[1])[:8]
        for cost in (one.full, one.refresh)
    )
    for (full, full_seconds), (refresh, refresh_seconds) in zip(*slowest, strict=True):
        rows.append(f"| {full} | {full_seconds:.2f} | {refresh} | {refresh_seconds:.2f} |")
    return "\n".join(rows)


def _service_table(served: service.Service) -> str:
    ratio = served.answers / served.empty_answers
    return "\n".join(
        [
            "| what | figure |",
            "|---|--:|",
            f"| trigger to Complete, nothing changed | {served.unchanged_seconds:.2f} s |",
            f"| trigger to Complete after an hour of new polls | {served.refresh_seconds:.2f} s |",
            f"| `GET /get_report` | {served.answers:,.0f} answers/s |",
            f"| an empty FastAPI endpoint | {served.empty_answers:,.0f} answers/s |",
            f"| the one against the other | {ratio:.2f} |",
        ]
    )


@contextmanager
def _set_up(commit: str, folder: Path) -> Iterator[Path]:
    """Check a commit out into a folder, with the environment that its lock asks for."""
    git = ["git", "-C", str(PROJECT), "worktree"]
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([*git, "prune"], check=True)
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        subprocess.run(["make", "--silent", ".venv/.ready"], cwd=folder, check=True)
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--quick", action="store_true", help="small inputs, to try the benchmark")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--memory-limit", default="5GB")
    parser.add_argument(
        "--base", metavar="COMMIT", help="build by another commit as well, in turns"
    )
    args = parser.parse_args()
    measured = []
    root = args.folder.resolve()
    with _set_up(args.base, root / "base") if args.base else nullcontext() as base:
        for name in args.sizes:
            size = (QUICK if args.quick else SIZES)[name]
            print(f"{size.name} …", file=sys.stderr, flush=True)
            is_served = name == SERVED
            measured.append(measure(size, root / name, args.memory_limit, is_served, base))
    results = page(measured, args.memory_limit)
    print(results)
    if not args.quick and not args.base and set(args.sizes) == set(SIZES):
        RESULTS.write_text(results)
        print(f"Wrote {RESULTS.relative_to(PROJECT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
