"""Uploads: bodies on their way to disk, and the files among the inputs that they become."""

import hashlib
import os
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import uuid4

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.disk import sync
from api.settings import PROJECT
from loader.errors import InputError
from loader.inputs import UPLOAD_NAME
from loader.reading import SourceFile
from loader.reading.content import unpacked

_PACKED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_PACKERS = {".gz": "gzip", ".zst": "Zstandard"}
_PARQUET = b"PAR1"
_BLANKS_KEPT = 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# Of these inputs the row holds that came last, so it matters when the same content comes again.
_LAST_HOLDS = ("stores", "timezones")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Of the name of a file, which takes 255 bytes on most disks.
_NAME_BYTES_MAX = 120
_LANDED = "%Y%m%dT%H%M%S%f"
_TICK = timedelta(microseconds=1)

# The name of a file that is still being written; it is no name of an input.
_UNFINISHED = ".upload-"

# What the loader's sentences call a body, which becomes "the body".
_SHOWN = "<body>"

# A process that was killed leaves its unfinished file; nobody writes on one for so long.
_ABANDONED_SECONDS = 86_400


class UploadError(Exception):
    """A body that cannot be taken; the message says why."""


class TooLargeError(UploadError):
    """A body that is longer than the settings allow."""


def check_size(size: int, unpacked_bytes_max: int) -> None:
    """Raise TooLargeError if content is longer, once unpacked, than the setting allows."""
    if size > unpacked_bytes_max:
        raise TooLargeError(
            f"The unpacked content is longer than {unpacked_bytes_max} bytes, the most "
            "that STORE_UPTIME_UNPACKED_BYTES_MAX allows; send it in parts."
        )


def check_rows(rows: int, upload_rows_max: int) -> None:
    """Raise TooLargeError if there are more rows, or lines, than the setting allows."""
    if rows > upload_rows_max:
        raise TooLargeError(
            f"There are more than {upload_rows_max} rows, the most that "
            "STORE_UPTIME_UPLOAD_ROWS_MAX allows; send them in parts."
        )


def sentence(error: InputError) -> str:
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
        return next((packing for magic, packing in _PACKED.items() if self._begins(magic)), "")

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def source(self) -> SourceFile:
        """The file as the loader reads it."""
        return SourceFile(1, self.path, self.format, _SHOWN)

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body; raises TooLargeError if they are too many."""
        self._bytes_sent += len(chunk)
        if self._bytes_sent > self._bytes_max:
            raise TooLargeError(
                f"The body is longer than {self._bytes_max} bytes, the most that "
                "STORE_UPTIME_UPLOAD_BYTES_MAX allows; send it packed or in parts."
            )
        if len(self._head) < 4:
            self._head += chunk[:4]
        self._file.write(chunk)

    def finish(self) -> None:
        """Have all of the file on disk, and know what it is; raises UploadError if it cannot be."""
        self._file.flush()
        packing = self.packing
        try:
            self._look_into(SourceFile(1, self.path, f"csv{packing}", _SHOWN), packing)
        except InputError as error:
            raise UploadError(sentence(error)) from None
        if not self.format:
            raise UploadError("The body is empty; a CSV, JSON or Parquet file is expected.")
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
            check_size(self.size, self._unpacked_bytes_max)
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
            check_rows(lines - 1, self._rows_max)
        if head and not self.format:
            self.format = f"csv{packing}"

    def _begins(self, magic: bytes) -> bool:
        return self._head.startswith(magic)


def _kind(head: bytes, packing: str) -> str:
    """Return how a file with this beginning is called; nothing while that cannot be told."""
    for magic, packed in _PACKED.items():
        if packing and head.startswith(magic):
            raise UploadError(
                f"The body is packed with {_PACKERS[packing]} and then with {_PACKERS[packed]}; "
                "once is expected."
                if packing != packed
                else f"The body is packed with {_PACKERS[packing]} twice; once is expected."
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


class ConflictError(Exception):
    """What is in the folder forbids it; the message says why and what to do."""


@dataclass(frozen=True)
class Landed:
    """A file that has landed; `sha256` is of its content, unpacked.

    `sent` says how often it came under a name of its own: the last one counts, see the loader.
    Its name is encoded, so that it can be a part of the file's.
    """

    path: Path
    input: str
    sha256: str
    landed_at: datetime
    format: str
    sent: int
    encoded_name: str | None

    @property
    def upload_id(self) -> str:
        """What stays the same when it is sent again under its name."""
        return _upload_id(self.input, self.landed_at)

    @property
    def name(self) -> str | None:
        """Under which it was sent."""
        return None if self.encoded_name is None else unquote(self.encoded_name.replace("=", "%"))


class Landing:
    """The uploads among the inputs of one folder."""

    def __init__(self, data: Path) -> None:
        """Look after uploads in `data`; what was never finished there goes."""
        self._data = data
        self._lock = threading.Lock()
        remove_abandoned(data)
        for landed in self.uploads():
            if landed.sent > 1:
                self._remove_older(landed)

    def check(self) -> None:
        """Raise ConflictError if nothing is to be written there."""
        if self._data.resolve() == (PROJECT / "seeds").resolve():
            raise ConflictError(
                "The inputs are the sample in seeds/, which stays as it is; "
                "set STORE_UPTIME_DATA to a folder of your own."
            )

    def uploads(self, input_name: str | None = None) -> list[Landed]:
        """Return the uploads, each as it was sent last."""
        files = list(self._files(input_name))
        last: dict[str, int] = {}
        for landed in files:
            last[landed.upload_id] = max(last.get(landed.upload_id, 0), landed.sent)
        return [landed for landed in files if landed.sent == last[landed.upload_id]]

    def find(self, sha256: str, input_name: str | None = None) -> Landed | None:
        """Return the upload with this content, or None."""
        return next((found for found in self.uploads(input_name) if found.sha256 == sha256), None)

    def named(self, input_name: str, name: str) -> Landed | None:
        """Return the upload that came under a name, or whose file or id is or was called so."""
        for landed in self.uploads(input_name):
            if name == landed.name or _id_in(name) == landed.upload_id:
                return landed
        return None

    def land(self, upload: Upload, input_name: str, replaces: bool) -> tuple[Landed, bool]:
        """Make a finished upload an input; return its file, and whether it is new.

        Once this returns the file is there whatever happens. The same content is not landed
        twice; sent again, it counts as come last where that matters. With `replaces`, what has
        landed for the input before goes.
        """
        with self._lock:
            landed = self.find(upload.sha256, input_name)
            if landed is not None and not _is_intact(landed):
                self._remove(landed)
                landed = None
            is_new = landed is None
            others = []
            if replaces or input_name in _LAST_HOLDS:
                others = [
                    found for found in self.uploads(input_name) if found.sha256 != upload.sha256
                ]
            latest = max((other.landed_at for other in others), default=_LONG_AGO)
            if landed is None:
                content = f"{upload.sha256}.{upload.format}"
                landed = self._arrive(upload.path, input_name, content, latest)
            elif landed.landed_at < latest and not replaces:
                content = landed.path.name.removeprefix(f"{landed.upload_id}_")
                landed = self._arrive(landed.path, input_name, content, latest)
            if replaces:
                for other in others:
                    self._remove(other)
            return landed, is_new

    def put(self, upload: Upload, input_name: str, name: str) -> tuple[Landed, Landed | None]:
        """Make a finished upload the one of its name; return its file, and the one before.

        It stands where the one before it stood in the order of arrival. That one counts until this
        one does: one step has both changed, whenever the service is killed.
        """
        with self._lock:
            before = self.named(input_name, name)
            if before is None:
                content = f"{upload.sha256}.1.{encoded(name)}.{upload.format}"
                return self._arrive(upload.path, input_name, content, _LONG_AGO), None
            if before.sha256 == upload.sha256 and _is_intact(before):
                return before, before
            given = f"{before.sent + 1}.{before.encoded_name or before.upload_id}"
            content = f"{upload.sha256}.{given}.{upload.format}"
            landed = self._take(upload.path, f"{before.upload_id}_{content}")
            self._remove_older(landed)
            return landed, before

    def remove(self, upload_id: str, why_not: Callable[[Landed], str | None]) -> Landed | None:
        """Remove an upload, by its id or the name of its file; None if there is none.

        Raises ConflictError with the sentence that says why it has to stay, if there is one.
        """
        with self._lock:
            for landed in self.uploads():
                if _id_in(upload_id) == landed.upload_id:
                    if said := why_not(landed):
                        raise ConflictError(said)
                    self._remove(landed)
                    return landed
        return None

    def _arrive(self, path: Path, input_name: str, content: str, latest: datetime) -> Landed:
        """Have a file come after the latest one of its input, whatever the clock says."""
        landed_at = max(datetime.now(UTC), latest + _TICK)
        taken = {found.landed_at for found in self._files(input_name)}
        while landed_at in taken:
            landed_at += _TICK
        return self._take(path, f"{_upload_id(input_name, landed_at)}_{content}")

    def _take(self, path: Path, name: str) -> Landed:
        """Give a file its name, by which it is an input."""
        landed = _landed(path.replace(self._data / name))
        sync(self._data)
        assert landed is not None
        return landed

    def _remove(self, landed: Landed) -> None:
        """Remove an upload; what it took the place of goes first, so that nothing comes back."""
        self._remove_older(landed)
        landed.path.unlink(missing_ok=True)
        sync(self._data)

    def _remove_older(self, landed: Landed) -> None:
        for older in list(self._files(landed.input)):
            if older.upload_id == landed.upload_id and older.sent < landed.sent:
                older.path.unlink(missing_ok=True)
                sync(self._data)

    def _files(self, input_name: str | None = None) -> Iterator[Landed]:
        for name in os.listdir(self._data):
            landed = _landed(self._data / name)
            if landed is not None and input_name in (None, landed.input):
                yield landed


def is_upload(name: str) -> bool:
    """Say whether a file of this name came by HTTP."""
    return re.fullmatch(UPLOAD_NAME, name) is not None


def encoded(name: str) -> str:
    """Return a name as a part of that of a file; raises UploadError if it is too long.

    Without `%`, so that the file's name may stand in an address as it is.
    """
    text = quote(name, safe="").replace(".", "%2E").replace("%", "=")
    if len(text) > _NAME_BYTES_MAX:
        raise UploadError(f"The name is too long: encoded it has {len(text)} bytes.")
    return text


def _id_in(text: str) -> str:
    """Return the id of an upload of which this is the id, or was the name of its file."""
    landed = _landed(Path(text))
    return landed.upload_id if landed and landed.path.name == text else text


def _upload_id(input_name: str, landed_at: datetime) -> str:
    return f"{input_name}_{landed_at:{_LANDED}}"


def _landed(path: Path) -> Landed | None:
    named = re.fullmatch(UPLOAD_NAME, path.name)
    if named is None:
        return None
    try:
        landed_at = datetime.strptime(named["landed"], _LANDED).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Landed(
        path,
        named["input"],
        named["sha256"],
        landed_at,
        named["format"],
        int(named["sent"] or 0),
        named["name"],
    )


def _is_intact(landed: Landed) -> bool:
    """Say whether a file still has the content that it was named for."""
    found = hashlib.sha256()
    try:
        for chunk in unpacked(SourceFile(0, landed.path, landed.format)):
            found.update(chunk)
    except (OSError, InputError):
        return False
    return found.hexdigest() == landed.sha256


async def file_in_form(request: Request) -> AsyncIterator[bytes]:
    """Give out the content of the file in a form.

    Raises UploadError if the form has anything else, or cannot be read.
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
                raise UploadError("The form has several parts; one file is expected, as `file`.")
            yield bytes(held)
            held.clear()
        parser.finalize()
    except FormParserError as error:
        raise UploadError(f"The form cannot be read: {error}.") from None
    if not is_whole or not parts:
        raise UploadError("The form has no end, or no file; one is expected, as `file`.")
