"""Uploads: written to disk, read by the loader and judged by staging's SQL before they count."""

import asyncio
import errno
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import duckdb
from pydantic import BaseModel, Field
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.answers import TooSlowError, limited
from api.builds import NotCompiledError, Staging, read_staging, service_target
from api.disk import NO_SPACE, for_clients, is_full
from api.errors import quoted
from api.rows import identifier, literal
from api.settings import Settings
from loader import errors
from loader.errors import InputError
from loader.finding import find, missing_input
from loader.inputs import INPUTS, UPLOAD_NAME
from loader.lake import rows_that_count
from loader.manifest import Manifest
from loader.policy import project_vars
from loader.reading import SourceFile, selects
from loader.reading.content import unpacked

_PACKED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_PACKERS = {".gz": "gzip", ".zst": "Zstandard"}
_PARQUET = b"PAR1"
_BLANKS_KEPT = 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# The name of a file that is still being written; it is no name of an input.
_UNFINISHED = ".upload-"
# A process that was killed leaves its unfinished file; nobody writes on one for so long.
_ABANDONED_SECONDS = 86_400
# What the loader's sentences call a body, which becomes "the body".
_SHOWN = "<body>"

_SAMPLES = 5
# How many uploads are judged at a time, and the memory that each may take.
_AT_A_TIME = 2
_MEMORY_LIMIT = "1GB"
# The service has just been started, and parses the project.
_WAIT_SECONDS = 60


def _beyond(setting: str, said: str, advice: str = "send it in parts") -> HTTPException:
    return HTTPException(413, f"{said}, the most that STORE_UPTIME_{setting} allows; {advice}.")


def _check_size(size: int, most: int) -> None:
    if size > most:
        said = f"The unpacked content is longer than {most} bytes"
        raise _beyond("UNPACKED_BYTES_MAX", said)


def _check_rows(rows: int, most: int) -> None:
    if rows > most:
        said = f"There are more than {most} rows"
        raise _beyond("UPLOAD_ROWS_MAX", said, "send them in parts")


def _sentence(error: InputError) -> str:
    """Return what the loader says of a body, as a sentence that stands alone."""
    text = str(error).replace(f"the file {_SHOWN}", "the body").replace(_SHOWN, "the body")
    return text[0].upper() + text[1:]


class Upload:
    """One body, in a file that no build sees; `sha256` and `size` are of the unpacked content.

    `format` is how the name of such a file ends, once the upload is finished. What comes packed
    stays packed, since builds read it so; but for Parquet.
    """

    def __init__(
        self, folder: Path, bytes_max: int, unpacked_bytes_max: int, rows_max: int
    ) -> None:
        """Write into `folder`, where the file can later be renamed; refuse what is too large."""
        self.path = folder / f"{_UNFINISHED}{uuid4().hex}.tmp"
        self.size = 0
        self.format = ""
        self._bytes_max = bytes_max
        self._unpacked_bytes_max = unpacked_bytes_max
        self._rows_max = rows_max
        self._bytes_sent = 0
        self._head = b""
        self._hash = hashlib.sha256()
        self._file = self.path.open("xb")

    @property
    def packing(self) -> str:
        """How the body came packed: ".gz", ".zst" or not at all."""
        found = (packing for magic, packing in _PACKED.items() if self._head.startswith(magic))
        return next(found, "")

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def source(self) -> SourceFile:
        """The file as the loader reads it."""
        return SourceFile(1, self.path, self.format, _SHOWN)

    def check_length(self, length: int) -> None:
        """Raise HTTPException 413 for a body that is, or says that it is, longer than allowed."""
        if length > self._bytes_max:
            said = f"The body is longer than {self._bytes_max} bytes"
            raise _beyond("UPLOAD_BYTES_MAX", said, "send it packed or in parts")

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body; raises HTTPException 413 if they are too many."""
        self._bytes_sent += len(chunk)
        self.check_length(self._bytes_sent)
        if len(self._head) < 4:
            self._head += chunk[:4]
        self._file.write(chunk)

    def finish(self) -> None:
        """Have all of the file on disk, and know what it is; raises HTTPException 422 if not."""
        self._file.flush()
        packing = self.packing
        try:
            self._look_into(SourceFile(1, self.path, f"csv{packing}", _SHOWN), packing)
        except InputError as error:
            raise HTTPException(422, _sentence(error)) from None
        if not self.format:
            raise HTTPException(422, "The body is empty; a CSV, JSON or Parquet file is expected.")
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Remove the file unless it has been renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _look_into(self, source: SourceFile, packing: str) -> None:
        """Hash and count the content, and see by its beginning what it is."""
        lines = 0
        sign = b"\n"
        head = b""
        for chunk in unpacked(source):
            self.size += len(chunk)
            _check_size(self.size, self._unpacked_bytes_max)
            self._hash.update(chunk)
            if not self.format:
                head += chunk
                self.format = _kind(head, packing)
                if not head.strip():
                    # Megabytes of blanks may stand in front.
                    head = head[:_BLANKS_KEPT]
                sign = b"{" if self.format.startswith("json") else b"\n"
                if self.format == "parquet" and packing:
                    self._file.seek(0)
                    self._file.truncate()
            if self.format == "parquet":
                if packing:
                    self._file.write(chunk)
                continue
            lines += max(chunk.count(sign), chunk.count(b"\r"))
            # The header is no row.
            _check_rows(lines - 1, self._rows_max)
        if head and not self.format:
            self.format = f"csv{packing}"


def _kind(head: bytes, packing: str) -> str:
    """Return how a file with this beginning is called; nothing while that cannot be told."""
    for magic, packed in _PACKED.items():
        if packing and head.startswith(magic):
            again = "twice" if packed == packing else f"and then with {_PACKERS[packed]}"
            raise HTTPException(
                422, f"The body is packed with {_PACKERS[packing]} {again}; once is expected."
            )
    if head.startswith(_PARQUET):
        return "parquet"
    start = head.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if len(start) < 1 or (len(head) < 4 and _PARQUET.startswith(head)):
        return ""
    return f"json{packing}" if start[:1] in (b"{", b"[") else f"csv{packing}"


def remove_abandoned(folder: Path) -> None:
    """Remove what processes that were killed left unfinished."""
    for path in folder.glob(f"{_UNFINISHED}*.tmp"):
        if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)


def is_upload(name: str) -> bool:
    """Say whether a file of this name came by HTTP."""
    return re.fullmatch(UPLOAD_NAME, name) is not None


async def file_in_form(request: Request) -> AsyncIterator[bytes]:
    """Give out the content of the file in a form.

    Raises HTTPException 422 if the form has anything else, or cannot be read.
    """
    _, options = parse_options_header(request.headers["Content-Type"])
    parts, held, is_whole = 0, bytearray(), False

    def begin() -> None:
        nonlocal parts
        parts += 1

    def take(data: bytes, start: int, end: int) -> None:
        held.extend(data[start:end])

    def end() -> None:
        nonlocal is_whole
        is_whole = True

    try:
        parser = MultipartParser(
            options.get(b"boundary", b""),
            {"on_part_begin": begin, "on_part_data": take, "on_end": end},
        )
        async for chunk in request.stream():
            parser.write(chunk)
            if parts > 1:
                raise HTTPException(
                    422, "The form has several parts; one file is expected, as `file`."
                )
            yield bytes(held)
            held.clear()
        parser.finalize()
    except FormParserError as error:
        raise HTTPException(422, f"The form cannot be read: {error}.") from None
    if not is_whole or not parts:
        raise HTTPException(422, "The form has no end, or no file; one is expected, as `file`.")


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


class Judge:
    """Judges uploads in a database of their own that holds them alone.

    Those that come at once each have one of the `places`. Whoever has one judged takes a `turn`
    first, so that those that wait keep no thread from others.
    """

    def __init__(self, settings: Settings, warm_up: Callable[[], None]) -> None:
        """Judge by what the worker compiles, which `warm_up` starts if it is not there."""
        self._settings = settings
        self._warm_up = warm_up
        self._folder = settings.db.parent / "uploads"
        self.places = asyncio.Semaphore(settings.uploads_at_once)
        self.turn = asyncio.Semaphore(_AT_A_TIME)

    @property
    def folder(self) -> Path:
        """Where uploads are written that are not to stay; it is made again should it have gone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def judge(
        self, upload: Upload, input_name: str, replaced: Collection[str] | None = None
    ) -> Judged:
        """Return what builds will make of an upload, which may take the place of others.

        `replaced` are the names of their files. Raises HTTPException 422 if builds could not read
        it, if it would stop them, or if none of its rows counts; 409 if its hours would stand
        beside others that it cannot overrule; 413 if it is larger, or takes longer, than the
        settings allow; and 503 if that cannot be told.
        """
        try:
            target = service_target(self._settings)
            staging = read_staging(target, _WAIT_SECONDS, self._warm_up)
        except NotCompiledError:
            raise HTTPException(
                503, "Uploads cannot be judged: the models were not compiled; the log says why."
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
                raise HTTPException(422, why)
        _check_rows(judged.rows, self._settings.upload_rows_max)
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
        if input_name != "store_status" or rows_new:
            return None
        manifest = Manifest(connection, self._settings.lake)
        rows = rows_that_count(manifest, self._settings.lake, INPUTS[input_name], left_out)
        is_poll = "store_id is not null and is_active is not null and polled_us is not null"
        if (
            rows
            and connection.execute(f"select 1 from ({rows}) where {is_poll} limit 1").fetchone()
        ):
            return None
        known = {one.path for one in manifest.known()}
        if any(file.input == input_name and file.path not in known for file in stay):
            return None
        return (
            "Without the polls that came by HTTP there would be none, and no instant to look back "
            "from; send at least one."
        )

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
        _check_size(size or 0, self._settings.unpacked_bytes_max)
        _check_rows(rows or 0, self._settings.upload_rows_max)


@contextmanager
def _refusals(connection: duckdb.DuckDBPyConnection, seconds_max: float) -> Iterator[None]:
    """Interrupt what takes too long, and say in a sentence why an upload is refused."""
    try:
        with limited(connection, seconds_max):
            yield
    except (TooSlowError, errors.TooSlowError):
        said = f"Reading the content takes more than {seconds_max:g} seconds"
        raise _beyond("UPLOAD_SECONDS_MAX", said) from None
    except InputError as error:
        raise HTTPException(422, _sentence(error)) from None
    except duckdb.OutOfMemoryException:
        raise HTTPException(
            413, f"Reading the content takes more than {_MEMORY_LIMIT} of memory; send it in parts."
        ) from None
    except duckdb.Error as error:
        if is_full(error):
            raise OSError(errno.ENOSPC, NO_SPACE) from None
        why = for_clients(str(error).partition("\n")[0].rstrip("."))
        raise HTTPException(422, f"The body cannot be read: {why}.") from None


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
    """Raise HTTPException 422 for hours that would stop a build which saw them alone."""
    if project_vars()["monday_is"] == 0:
        [(has_0, has_7)] = connection.execute(
            "select bool_or(day_number = 0), bool_or(day_number = 7) from lake.business_hours"
        ).fetchall()
        if has_7 and not has_0:
            raise HTTPException(
                422,
                "The days go up to 7, without any 0: they seem to count from Monday = 1 to "
                "Sunday = 7. Write Monday as 0, or write the names of the days.",
            )


def _refuse_beside_others(connection: duckdb.DuckDBPyConnection, data: Path, scratch: Path) -> None:
    """Raise HTTPException 409 if somebody has put hours into the folder: all hours add up."""
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
            raise HTTPException(
                409,
                f"{name} was put into the folder by hand, and hours add up: what it says would "
                "go on to hold beside these. Change that file, or remove it from the folder and "
                "send all hours by HTTP; single dates may be sent as special_hours.",
            )


def _check_use(judged: Judged) -> None:
    """Raise HTTPException 422 if none of the rows counts; without any there is nothing wrong."""
    if judged.rows and judged.rejected_rows == judged.rows:
        reasons = ", ".join(f"{found.rows} {found.reason}" for found in judged.rejected)
        first = str(judged.rejected[0].samples[0].raw_values)
        raise HTTPException(
            422,
            f"None of the {judged.rows} rows counts ({reasons}); the first is {quoted(first)}.",
        )
