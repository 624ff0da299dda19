"""What builds would make of an upload: read by the loader, judged by staging's compiled SQL."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from pydantic import BaseModel, Field

from api.builds import NotCompiledError, Staging, read_staging, service_target
from api.disk import NO_SPACE, for_clients, is_full
from api.errors import quoted
from api.queries import BusyError
from api.rows import identifier, literal
from api.settings import Settings
from api.uploads import (
    ConflictError,
    TooLargeError,
    Upload,
    UploadError,
    check_rows,
    check_size,
    is_upload,
    sentence,
)
from loader.errors import InputError, TooSlowError
from loader.finding import find, missing_input
from loader.inputs import INPUTS
from loader.lake import rows_that_count
from loader.manifest import Manifest
from loader.policy import project_vars
from loader.reading import SourceFile, selects

_SAMPLES = 5
# How many uploads are judged at a time, and the memory that each may take.
_AT_A_TIME = 2
_MEMORY_LIMIT = "1GB"
# The service has just been started, and parses the project.
_WAIT_SECONDS = 60
_INTERRUPT_SECONDS = 0.05


class RejectedRow(BaseModel):
    """A row that a build would set aside; see the table `rejected_rows`."""

    line_number: int | None
    store_id: str | None
    raw_values: str | None


class RejectedRows(BaseModel):
    """The rows that a build would set aside for one reason."""

    reason: str = Field(examples=["bad_timestamp"])
    rows: int
    samples: list[RejectedRow] = Field(description="The first of them.")


@dataclass(frozen=True)
class Judged:
    """How many rows an upload has, and which of them will be set aside for what they are.

    Most rows first. What depends on other rows, or on other files, shows in the build.
    """

    rows: int
    rejected: list[RejectedRows]

    @property
    def rejected_rows(self) -> int:
        return sum(reason.rows for reason in self.rejected)

    def rows_of(self, reason: str) -> int:
        """Return how many rows are set aside for a reason."""
        return sum(found.rows for found in self.rejected if found.reason == reason)


class UnjudgedError(Exception):
    """No upload can be judged; the message is a sentence that says why."""


class Judge:
    """Judges uploads in a database of their own that holds them alone.

    Whoever has one judged takes a `turn` first, so that those that wait keep no thread from others.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.db.parent / "uploads"
        self.turn = asyncio.Semaphore(_AT_A_TIME)
        self._coming = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place among the uploads that come at once; raises BusyError if there is none."""
        if self._coming >= self._settings.uploads_at_once:
            raise BusyError("More uploads are coming than STORE_UPTIME_UPLOADS_AT_ONCE allows.")
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    @property
    def folder(self) -> Path:
        """Where uploads are written that are not to stay; it is made again should it have gone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def judge(
        self, upload: Upload, input_name: str, replaced: Collection[str] | None = None
    ) -> Judged:
        """Return what builds will make of an upload, which may take the place of others.

        `replaced` are the names of their files. Raises UploadError if builds could not read it, if
        it would stop them, or if none of its rows counts; ConflictError if its hours would stand
        beside others that it cannot overrule; TooLargeError if it is larger, or takes longer, than
        the settings allow; and UnjudgedError if that cannot be told.
        """
        try:
            staging = read_staging(service_target(self._settings), _WAIT_SECONDS)
        except NotCompiledError:
            raise UnjudgedError(
                "Uploads cannot be judged: the models were not compiled; the log says why."
            ) from None
        seconds_max = self._settings.upload_seconds_max
        source = replace(upload.source, until=time.monotonic() + seconds_max)
        with (
            TemporaryDirectory(prefix="judged-", dir=self.folder) as scratch,
            duckdb.connect(
                config={"memory_limit": _MEMORY_LIMIT, "temp_directory": f"{scratch}/spill"}
            ) as connection,
            _refusals(connection, seconds_max),
        ):
            self._check_parquet(connection, upload)
            _lay_out(connection, staging, source, input_name, Path(scratch))
            if input_name == "business_hours":
                _check_days(connection)
            judged = _judge(connection, staging, input_name)
            if input_name == "business_hours" and judged.rows:
                _refuse_beside_others(connection, self._settings.data, Path(scratch))
            if replaced is not None and (
                why := self._why_not_without(connection, input_name, replaced, judged.rows)
            ):
                raise UploadError(why)
        check_rows(judged.rows, self._settings.upload_rows_max)
        _check_use(judged)
        return judged

    def why_not_without(self, input_name: str, name: str) -> str | None:
        """Return a sentence if builds would stop without an upload, by the name of its file."""
        with duckdb.connect() as connection:
            return self._why_not_without(connection, input_name, [name])

    def _why_not_without(
        self,
        connection: duckdb.DuckDBPyConnection,
        input_name: str,
        left_out: Collection[str],
        rows_new: int | None = None,
    ) -> str | None:
        """Return a sentence if builds would stop without some files.

        `rows_new` is how many rows come instead; None: no file does.
        """
        found, notes = find(self._settings.data)
        stay = [file for file in found if os.path.basename(file.path) not in left_out]
        if rows_new is None and missing_input(stay, notes, self._settings.data):
            return (
                f"Without it there would be no file of {input_name}, which builds need; "
                "send another one first."
            )
        manifest = Manifest(connection, self._settings.lake)
        rows = rows_that_count(manifest, self._settings.lake, INPUTS[input_name], left_out)
        if input_name == "store_status" and not rows_new:
            is_poll = "store_id is not null and is_active is not null and polled_us is not null"
            has_polls = (
                rows
                and connection.execute(f"select 1 from ({rows}) where {is_poll} limit 1").fetchone()
            )
            known = {one.path for one in manifest.known()}
            has_new = any(file.input == input_name and file.path not in known for file in stay)
            if not has_polls and not has_new:
                return (
                    "Without the polls that came by HTTP there would be none, and no instant to "
                    "look back from; send at least one."
                )
        return None

    def _check_parquet(self, connection: duckdb.DuckDBPyConnection, upload: Upload) -> None:
        if upload.format != "parquet":
            return
        file = literal(upload.path)
        try:
            [(size, rows)] = connection.execute(
                f"""
                select
                    (select sum(total_uncompressed_size) from parquet_metadata({file})),
                    (select sum(num_rows) from parquet_file_metadata({file}))
                """
            ).fetchall()
        except duckdb.Error:
            # The loader says what is wrong with it.
            return
        check_size(size or 0, self._settings.unpacked_bytes_max)
        check_rows(rows or 0, self._settings.upload_rows_max)


@contextmanager
def _refusals(connection: duckdb.DuckDBPyConnection, seconds_max: float) -> Iterator[None]:
    """Interrupt what takes too long, and say in a sentence why an upload is refused."""
    is_late, is_done = threading.Event(), threading.Event()

    def interrupt() -> None:
        if is_done.wait(seconds_max):
            return
        is_late.set()
        # What is between two statements is not interrupted by one call.
        while not is_done.wait(_INTERRUPT_SECONDS):
            connection.interrupt()

    watch = threading.Thread(target=interrupt, daemon=True)
    watch.start()
    try:
        yield
    except TooSlowError:
        raise _too_slow(seconds_max) from None
    except InputError as error:
        raise UploadError(sentence(error)) from None
    except duckdb.OutOfMemoryException:
        raise TooLargeError(
            f"Reading the content takes more than {_MEMORY_LIMIT} of memory; send it in parts."
        ) from None
    except duckdb.Error as error:
        if is_late.is_set():
            raise _too_slow(seconds_max) from None
        if is_full(error):
            raise OSError(errno.ENOSPC, NO_SPACE) from None
        why = for_clients(str(error).partition("\n")[0].rstrip("."))
        raise UploadError(f"The body cannot be read: {why}.") from None
    finally:
        is_done.set()
        watch.join()


def _too_slow(seconds_max: float) -> TooLargeError:
    return TooLargeError(
        f"Reading the content takes more than {seconds_max:g} seconds, the most that "
        "STORE_UPTIME_UPLOAD_SECONDS_MAX allows; send it in parts."
    )


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    staging: Staging,
    source: SourceFile,
    input_name: str,
    scratch: Path,
) -> None:
    """Make a database in which the upload is the only version of its input in the lake."""
    clock_us = time.time_ns() // 1000
    rows = " union all ".join(
        f"({select})"
        for select in selects(connection, INPUTS[input_name], [source], clock_us, scratch)
    )
    part = scratch / "rows.parquet"
    connection.execute(f"copy ({rows}) to {literal(part)} (format parquet)")
    database = identifier(staging.database)
    connection.execute(
        f"""
        attach ':memory:' as {database};
        use {database};
        create schema lake;
        create schema build;
        create table build.run as
        select 'upload' as lake_id, 1::bigint as load, 0::bigint as pruned_load,
            {clock_us}::bigint as clock_us, null::bigint as named_as_of_us;
        create view lake.{input_name} as
        select 1::bigint as part_key, *, 1::bigint as added_load, null::bigint as removed_load
        from read_parquet({literal(part)}, hive_partitioning = false);
        """
    )


def _judge(connection: duckdb.DuckDBPyConnection, staging: Staging, input_name: str) -> Judged:
    # A target is for many stores, and has no such column.
    store_id = "store_id" if "store_id" in INPUTS[input_name].columns else "null"
    rows = connection.execute(
        f"""
        select
            rejected_as,
            count(*) as rows,
            min_by(
                {{'line_number': line_number, 'store_id': {store_id}, 'raw_values': raw_values}},
                line_number, {_SAMPLES}
            ) filter (where rejected_as is not null),
        from ({staging.selects[f"stg_{input_name}"]})
        group by rejected_as
        order by rows desc, rejected_as
        """
    ).fetchall()
    return Judged(
        sum(count for _, count, _ in rows),
        [
            RejectedRows(reason=reason, rows=count, samples=samples)
            for reason, count, samples in rows
            if reason is not None
        ],
    )


def _check_days(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise UploadError for hours that would stop a build which saw them alone."""
    if project_vars()["monday_is"] == 0:
        [(has_0, has_7)] = connection.execute(
            "select bool_or(day_number = 0), bool_or(day_number = 7) from lake.business_hours"
        ).fetchall()
        if has_7 and not has_0:
            raise UploadError(
                "The days go up to 7, without any 0: they seem to count from Monday = 1 to "
                "Sunday = 7. Write Monday as 0, or write the names of the days."
            )


def _refuse_beside_others(connection: duckdb.DuckDBPyConnection, data: Path, scratch: Path) -> None:
    """Raise ConflictError if somebody has put hours into the folder: all hours add up."""
    for file in find(data)[0]:
        name = os.path.basename(file.path)
        if file.input != "business_hours" or is_upload(name):
            continue
        source = SourceFile(2, Path(file.path), file.format, name)
        try:
            rows = " union all ".join(
                f"({select})"
                for select in selects(connection, INPUTS[file.input], [source], 0, scratch)
            )
            has_hours = connection.execute(
                f"select 1 from ({rows}) where set_aside_as is null limit 1"
            ).fetchone()
        except InputError:
            # Which builds say, too.
            has_hours = True
        if has_hours:
            raise ConflictError(
                f"{name} was put into the folder by hand, and hours add up: what it says would "
                "go on to hold beside these. Change that file, or remove it from the folder and "
                "send all hours by HTTP; single dates may be sent as special_hours."
            )


def _check_use(judged: Judged) -> None:
    """Raise UploadError if none of the rows counts; without any there is nothing wrong."""
    if judged.rows and judged.rejected_rows == judged.rows:
        reasons = ", ".join(f"{found.rows} {found.reason}" for found in judged.rejected)
        first = judged.rejected[0].samples[0].raw_values
        raise UploadError(
            f"None of the {judged.rows} rows counts ({reasons}); the first is {quoted(str(first))}."
        )
