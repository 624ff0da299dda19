"""Commands: `python -m api serve | report | sql`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from api.builds import BuildError, one_builder
from api.releases import NoReleaseError, Releases, attach_sql
from api.settings import Settings, SettingsError, read_settings
from api.snapshots import NEWEST, write_csv

_FIRST_LINES = 6


def serve(settings: Settings) -> None:
    """Run the HTTP service until it is stopped."""
    from api.main import app

    logging.basicConfig(level=logging.INFO, format="%(levelname)s:     %(message)s")
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False)


def report(settings: Settings) -> None:
    """Build, and write the report of what was built."""
    print(f"Building from {_shown(settings.data)} …", flush=True)
    builder = one_builder(settings)
    try:
        builder.build()
    finally:
        builder.close()
    releases = Releases(settings.db)
    settings.output.mkdir(parents=True, exist_ok=True)
    path = settings.output / NEWEST
    with releases.open_newest() as (release, connection):
        stores = write_csv(connection, path)
        rejected = connection.execute(
            "select reason, count(*) from rejected_rows group by all order by all"
        ).fetchall()
    releases.prune(settings.releases_kept, settings.releases_kept_seconds)
    reasons = ", ".join(f"{count} {reason}" for reason, count in rejected)
    print(f"Wrote {_shown(path)}: {stores} stores, as of {release.as_of}.")
    print(f"Rejected input rows: {reasons or 'none'}.")
    print()
    with path.open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(_FIRST_LINES), strict=False):
            print(line, end="")


def sql(settings: Settings, arguments: Sequence[str]) -> None:
    """Open a DuckDB shell on the newest release, read-only; further arguments go to the shell."""
    with Releases(settings.db).open_newest() as (release, _):
        pass
    shell = Path(sys.executable).with_name("duckdb")
    sys.stdout.flush()
    os.execv(shell, [str(shell), "-cmd", attach_sql(release.path), *arguments])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    if rest and given.command != "sql":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        settings = read_settings()
        if given.command == "serve":
            serve(settings)
        elif given.command == "report":
            report(settings)
        else:
            sql(settings, rest)
    except (SettingsError, BuildError, NoReleaseError) as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m api",
        description="How long was each store really up during its business hours?",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, title="commands")
    for command in (serve, report, sql):
        commands.add_parser(command.__name__, help=command.__doc__, description=command.__doc__)
    return parser


def _settings_help() -> str:
    lines = ["settings, from the environment:"]
    for name, field in Settings.model_fields.items():
        lines.append(f"  STORE_UPTIME_{name.upper()}={field.default}")
        lines.append(f"      {field.description}")
    return "\n".join(lines)


def _shown(path: Path) -> str:
    """Return the path as short as it can be said from the working directory."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
