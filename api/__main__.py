"""Commands: `python -m api serve | report | publish | sql | tokens | audit`."""

import argparse
import json
import logging
import os
import re
import resource
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import duckdb
import uvicorn

from api import logs
from api.access import SCOPES, Access, AccessError
from api.audit import Entry
from api.builds import BuildError, one_builder
from api.gate import is_loopback
from api.publish import NothingBuiltError
from api.publish import publish as publish_spark
from api.releases import NoReleaseError, Releases, attach_sql
from api.reports import InUseError, Reports
from api.settings import Settings, SettingsError, read_settings, unknown_settings
from api.snapshots import NEWEST, notes_of_inputs, write_report

_FIRST_LINES = 6
_NOTES_SHOWN = 20
_AUDIT_SECONDS = 30


class _Server(uvicorn.Server):
    """A server that lets nobody wait for a report once it is to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        changes = getattr(self.config.app.state, "changes", None)
        if changes is not None:
            changes.close()
        super().handle_exit(sig, frame)


def serve(settings: Settings, _: object = None) -> None:
    """Run the HTTP service until it is stopped."""
    access = Access(settings.output)
    has_tokens = access.has_tokens()
    access.close()
    if not has_tokens and not is_loopback(settings.host):
        raise SettingsError(
            f"STORE_UPTIME_HOST={settings.host}: without any token the service listens on "
            "127.0.0.1 only; make one by `python -m api tokens create NAME --scope read`."
        )
    # What keeps it from being used is said before anyone is answered.
    Reports(settings.output).close()
    from api.main import app

    logs.configure()
    for said in unknown_settings(os.environ):
        logging.warning(said)
    if not has_tokens:
        logging.info("No token is configured: the service is open to this machine, and to no other")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=settings.connections_max,
        timeout_keep_alive=settings.keep_alive_seconds,
        h11_max_incomplete_event_size=settings.header_bytes_max,
        backlog=settings.backlog,
        ws="none",
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    _allow_files()
    server = _Server(config)
    try:
        server.run()
    except KeyboardInterrupt:
        # Whatever a thread still reads, such as an upload: nothing that counts is unfinished.
        sys.stderr.flush()
        os._exit(130)
    if not server.started:
        sys.exit(3)


def _allow_files() -> None:
    """Have as many files open as the system allows: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def report(settings: Settings, _: object) -> None:
    """Build, and write the report of what was built."""
    settings.output.mkdir(parents=True, exist_ok=True)
    print(f"Building from {_shown(settings.data)} …", flush=True)
    builder = one_builder(settings)
    try:
        builder.build()
        _write_and_show(settings)
        builder.finish()
    finally:
        builder.close()


def publish(settings: Settings, _: object) -> None:
    """Publish what `dbt build --target spark` has built, and write the report of it."""
    path, is_newest = publish_spark(settings.db)
    if not is_newest:
        print(f"Published {_shown(path)} under its own name: it is an experiment.")
        return
    settings.output.mkdir(parents=True, exist_ok=True)
    print(f"Published {_shown(path)}.")
    _write_and_show(settings)


def _write_and_show(settings: Settings) -> None:
    releases = Releases(settings.db)
    path = settings.output / NEWEST
    with releases.open_newest() as (release, connection):
        stores = write_report(connection, path)
        rejected = connection.execute(
            "select reason, count(*) from rejected_rows group by all order by all"
        ).fetchall()
        notes = notes_of_inputs(connection)
    releases.prune(settings.releases_kept, settings.releases_kept_seconds)
    reasons = ", ".join(f"{count} {reason}" for reason, count in rejected)
    print(f"Wrote {_shown(path)}: {stores} stores, as of {release.as_of}.")
    print(f"Rejected input rows: {reasons or 'none'}.")
    for note in notes[:_NOTES_SHOWN]:
        print(note)
    if (more := len(notes) - _NOTES_SHOWN) > 0:
        print(f"The table input_notes has {more} more.")
    print()
    with path.open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(_FIRST_LINES), strict=False):
            print(line, end="")


def sql(settings: Settings, arguments: Sequence[str]) -> None:
    """Open a DuckDB shell on the newest release, read-only; further arguments go to the shell.

    Its time zone is UTC, as that of the API, wherever it runs.
    """
    with Releases(settings.db).open_newest() as (release, _):
        pass
    shell = Path(sys.executable).with_name("duckdb")
    sys.stdout.flush()
    opening = f"{attach_sql(release.path)} set timezone = 'UTC';"
    os.execv(shell, [str(shell), "-cmd", opening, *arguments])


def tokens(settings: Settings, given: argparse.Namespace) -> None:
    """Make, list and revoke the tokens of the HTTP service; it need not be restarted."""
    access = Access(settings.output)
    try:
        if given.action == "create":
            expires_at = None if given.expires is None else _instant(given.expires)
            print(access.create(given.name, given.scope, given.store, expires_at))
            print("This is the only time that the token is shown.", file=sys.stderr)
            _note(access, "tokens create", {"name": given.name})
        elif given.action == "revoke":
            access.revoke(given.token_id)
            _note(access, "tokens revoke", {"token_id": given.token_id})
        else:
            for token in access.tokens():
                said = vars(token).copy()
                print(json.dumps({"id": said.pop("token_id"), **said}, default=sorted))
    finally:
        access.close()


def _note(access: Access, action: str, detail: dict[str, str]) -> None:
    """Have a change in the audit log before the command ends."""
    access.log.add(Entry("command line", action, detail, "done")).result(_AUDIT_SECONDS)


def audit(settings: Settings, given: argparse.Namespace) -> None:
    """Print the audit log, the newest entry first, as a line of JSON each."""
    access = Access(settings.output)
    try:
        for entry in access.log.page(given.limit):
            print(json.dumps(vars(entry)))
    finally:
        access.close()


_COMMANDS = (serve, report, publish, sql, tokens, audit)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    if rest and given.command != "sql":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        settings = read_settings()
        if given.command != "serve":
            for said in unknown_settings(os.environ):
                print(f"Warning: {said}", file=sys.stderr)
        run = next(command for command in _COMMANDS if command.__name__ == given.command)
        run(settings, rest if run is sql else given)
    except (
        SettingsError,
        AccessError,
        InUseError,
        BuildError,
        NoReleaseError,
        NothingBuiltError,
        OSError,
        duckdb.Error,
        sqlite3.Error,
    ) as error:
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
    for command in _COMMANDS:
        about = command.__doc__
        added = commands.add_parser(command.__name__, help=about, description=about)
        if command is tokens:
            _add_tokens(added)
        elif command is audit:
            added.add_argument("--limit", type=int, default=100, help="how many entries (100)")
    return parser


def _add_tokens(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, title="actions")
    create = actions.add_parser("create", help="print a new token, which is not kept")
    create.add_argument("name", help="who will use it, for the audit log")
    create.add_argument("--scope", action="append", required=True, choices=SCOPES)
    create.add_argument("--store", action="append", help="only this store; may be repeated")
    create.add_argument("--expires", help="30d for thirty days, or a date such as 2030-12-31")
    actions.add_parser("list", help="print all tokens, without their secrets")
    revoke = actions.add_parser("revoke", help="end a token at once")
    revoke.add_argument("token_id", metavar="ID")


def _instant(text: str) -> datetime:
    """Return when a token expires, from a number of days or a date, which is in UTC."""
    try:
        if days := re.fullmatch(r"([1-9][0-9]{0,4})d", text):
            return datetime.now(UTC) + timedelta(days=int(days[1]))
        found = datetime.fromisoformat(text)
        expires_at = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise AccessError(
            f"--expires {text}: days such as 30d, or a date such as 2030-12-31, are accepted."
        ) from None
    if expires_at <= datetime.now(UTC):
        raise AccessError(f"--expires {text}: that is past.")
    return expires_at


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
