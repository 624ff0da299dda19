"""`python -m loader`: loads the inputs, lists the versions, and takes or leaves out single ones."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml

from loader.errors import InputError
from loader.lake import size_on_disk
from loader.load import forget, merge, remember, replace_version
from loader.manifest import literal_path
from loader.start import begin, lake_of

_VERSIONS = """
    select
        file_key,
        input,
        file,
        rows,
        set_aside,
        make_timestamp(arrived_us)::varchar as arrived_at,
        case
            when forgotten_at_us is not null then concat(
                'forgotten by ', forgotten_by, coalesce(': ' || nullif(forgotten_why, ''), '')
            )
            when removed_load is not null then 'removed'
            when replaces is not null then concat('in place of ', replaces)
            else ''
        end as state,
    from read_parquet({manifest}, hive_partitioning = false)
    where $all or removed_load is null or (forgotten_at_us is not null and is_there)
    order by input, place nulls last, file_key
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    options = _parser().parse_args(arguments)
    lake = lake_of(Path(os.environ.get("STORE_UPTIME_DB") or "warehouse/store_uptime.duckdb"))
    try:
        options.run(options, lake)
    except (InputError, duckdb.Error, OSError) as error:
        print(f"Store Uptime: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    one = commands.add_parser("load", help="bring the lake up to date with the folder")
    one.add_argument(
        "--vars", type=_vars, default={}, help="those of the build that follows, as dbt takes them"
    )
    one.set_defaults(run=_load)
    one = commands.add_parser("list", help="list the versions that count")
    one.add_argument("--all", action="store_true", help="those that were removed, too")
    one.set_defaults(run=_list)
    one = commands.add_parser("forget", help="have a version count no longer")
    one.add_argument("file_key", type=int)
    _add_who_and_why(one)
    one.set_defaults(run=_forget)
    one = commands.add_parser("remember", help="have a version count that was forgotten")
    one.add_argument("file_key", type=int)
    one.set_defaults(run=_remember)
    one = commands.add_parser("replace", help="have a version take the place of an older one")
    one.add_argument("file_key", type=int)
    one.add_argument("replaces", type=int, help="the file_key of the older one")
    _add_who_and_why(one)
    one.set_defaults(run=_replace)
    one = commands.add_parser("merge", help="write the small parts of the lake together")
    one.set_defaults(run=_merge)
    return parser


def _add_who_and_why(command: argparse.ArgumentParser) -> None:
    command.add_argument("--why", default="", help="kept beside the version")
    command.add_argument("--by", default=_user(), help="who wants it; default: %(default)s")


def _vars(text: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        values = None
    if not isinstance(values, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no mapping, such as '{{max_poll_gap: 2}}'")
    return values


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _load(options: argparse.Namespace, lake: Path) -> None:
    done, said = begin(options.vars, lake)
    # For engines of dbt that cannot call Python.
    (lake / "last_load.json").write_text(json.dumps(said, default=str))
    for note in done.notes:
        print(note.note)
    with duckdb.connect() as connection:
        [(rows, set_aside)] = connection.execute(f"""
            select coalesce(sum(rows), 0)::bigint, coalesce(sum(set_aside), 0)::bigint
            from read_parquet({_manifest(lake)}, hive_partitioning = false)
            where removed_load is null
        """).fetchall()
    print(f"Files: {done.files:,}, of which {done.converted:,} were read now")
    print(f"Rows: {rows:,}, of which {set_aside:,} are set aside as no rows")
    print(f"Lake: {lake}, {size_on_disk(lake) / 1e6:,.1f} MB, load {done.load}")
    print(f"Time: {done.seconds:.1f} s")


def _list(options: argparse.Namespace, lake: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        versions = connection.execute(
            _VERSIONS.format(manifest=_manifest(lake)), {"all": options.all}
        )
        names = [column[0] for column in versions.description]
        print("\t".join(names))
        for version in versions.fetchall():
            print("\t".join("" if value is None else str(value) for value in version))


def _forget(options: argparse.Namespace, lake: Path) -> None:
    forget(lake, options.file_key, options.by, options.why)


def _remember(options: argparse.Namespace, lake: Path) -> None:
    remember(lake, options.file_key)


def _replace(options: argparse.Namespace, lake: Path) -> None:
    replace_version(lake, options.file_key, options.replaces, options.by, options.why)


def _merge(options: argparse.Namespace, lake: Path) -> None:
    print(f"Parts: {merge(lake):,} became one for each input")


def _manifest(lake: Path) -> str:
    path = lake / "manifest.parquet"
    if not path.exists():
        raise InputError(f"there is no lake in {lake} yet; `python -m loader load` makes it.")
    return literal_path(path)


if __name__ == "__main__":
    sys.exit(main())
