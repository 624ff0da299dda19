"""JSON: an array of objects, or an object on each line; read as text, so that no digit is lost."""

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from loader.errors import InputError
from loader.inputs import Input, bare
from loader.reading.content import content
from loader.reading.normal import NormalForms
from loader.reading.scan import Scan, SourceFile, check_columns, no_column
from loader.reading.shape import blocks

_BLANKS = " \t\r\n"


class _Number(str):
    """A number as it is written."""


_DECODER = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def json_scans(one: Input, files: Sequence[SourceFile], scratch: Path) -> list[Scan]:
    """Return the scans that read these files, after they were written in the normal form."""
    forms = NormalForms(scratch)
    for file in files:
        _write(one, file, forms)
    return forms.scans()


def _write(one: Input, file: SourceFile, forms: NormalForms) -> None:
    """Write a file in the normal form, with one spelling of each column that the input knows."""
    names = {spellings[0]: spellings for spellings in one.columns.values()}
    known = {spelling for spellings in names.values() for spelling in spellings}
    by_bare = {bare(spelling): spelling for spelling in known}
    if one.takes_further_columns:
        for _, row in _rows(file, by_bare):
            if isinstance(row, dict):
                names |= {name: (name,) for name in row if name not in known and name not in names}
                check_columns(file, len(names))
    seen: dict[str, None] = {}
    objects, others = 0, 0
    with forms.writer(file, ",", tuple(names)) as written:
        for number, row in _rows(file, by_bare):
            if isinstance(row, str):
                written.no_row(number, 1, row.encode("utf-8", "surrogateescape"))
                others += 1
                continue
            objects += 1
            seen |= dict.fromkeys(row)
            try:
                values = [_first_text(row, spellings) for spellings in names.values()]
            except RecursionError:
                # Lists in lists may be read deeper than they can be gone through.
                written.no_row(number, 1, json.dumps(row).encode())
            else:
                written.row(number, 1, values)
    if others and not objects:
        raise file.unreadable("holds no JSON in UTF-8: none of its rows is an object.")
    for name, spellings in one.columns.items():
        if seen and name not in one.optional_columns and seen.keys().isdisjoint(spellings):
            raise no_column(spellings, file, list(seen))


def _first_text(row: dict[str, Any], spellings: Sequence[str]) -> bytes:
    return _text(next((row[name] for name in spellings if name in row), None))


def _text(value: Any) -> bytes:
    """Return a value as text: that of JSON, but for texts, and nothing for null."""
    if value is None:
        return b""
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if not isinstance(value, str):
        value = _nested(value)
    return value.encode()


def _nested(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (
            f"{json.dumps(key, ensure_ascii=False)}:{_nested(one)}" for key, one in value.items()
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_nested, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _rows(file: SourceFile, known: Mapping[str, str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Give out numbered rows: objects with keys in lower case, or the text of what is none.

    `known` gives the names that the input knows by what counts of them.
    """
    # What a key that the input does not know as it is written would be called.
    called: dict[str, str | None] = dict.fromkeys(known.values())
    for number, row in _rows_as_they_stand(file):
        if isinstance(row, dict):
            row = _in_lower_case(row)
            for name in row.keys() - called.keys():
                called[name] = known.get(bare(name))
            for name in [name for name in row if called[name]]:
                if called[name] not in row:
                    row[called[name]] = row.pop(name)
        yield number, row


def _rows_as_they_stand(file: SourceFile) -> Iterator[tuple[int, dict[str, Any] | str]]:
    chunks = content(file)
    begun = []
    for chunk in chunks:
        if chunk.strip():
            begun.append(chunk)
            break
        # Of blanks in front only the lines count.
        begun.append(chunk.translate(None, b" \t"))
    head = b"".join(begun)
    rest = _chained(head, chunks)
    start = head.lstrip()
    # A line may be an array, too, but no row begins with one.
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"]", b""):
        return _of_array(file, rest)
    return _of_stream(file, rest) if _is_stream(start) else _of_lines(rest)


def _chained(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


def _is_stream(start: bytes) -> bool:
    """Say whether objects stand behind one another otherwise than on a line each."""
    line = start.splitlines()[0] if start else b""
    try:
        _DECODER.decode(line.decode())
        return False
    except (ValueError, RecursionError):
        pass
    try:
        text = start.decode("utf-8", "replace")
        _, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    behind = text[end:].lstrip(f"{_BLANKS},")
    return start.startswith(b"{") and behind[:1] in ("", "{")


def _of_stream(
    file: SourceFile, chunks: Iterator[bytes]
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, at, number = "", 0, 0
    for chunk in _chained_text(chunks, decoder):
        text, at = text[at:] + chunk, 0
        while (at := _skip_blanks(text, at, f"{_BLANKS},")) < len(text):
            try:
                row, end = _DECODER.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                if chunk and len(text) - at <= 1 << 20:
                    break
                raise (_cut(file) if _is_cut(error, text) else _damaged(file, number)) from error
            number += 1
            yield number, _object(row, text[at:end])
            at = end


def _of_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    number = 0
    for block, _ in blocks(chunks):
        for line in block.splitlines():
            number += 1
            if not line.strip():
                continue
            text = line.decode("utf-8", "surrogateescape")
            try:
                row = _DECODER.decode(text)
            except (ValueError, RecursionError):
                row = None
            yield number, _object(row, text)


def _of_array(
    file: SourceFile, chunks: Iterator[bytes]
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, at, number, is_whole = "", 0, 0, False
    expected = "["
    for chunk in _chained_text(chunks, decoder):
        text, at = text[at:] + chunk, 0
        while not is_whole:
            at = _skip_blanks(text, at)
            if at >= len(text):
                break
            if expected in "[,":
                if expected == "," and text[at] == "]":
                    is_whole = True
                elif text[at] != expected:
                    raise _damaged(file, number)
                at, expected = at + 1, "]" if expected == "[" else "value"
                continue
            if expected == "]" and text[at] == "]":
                is_whole, at = True, at + 1
                continue
            try:
                row, end = _DECODER.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                if chunk and len(text) - at <= 1 << 20:
                    break
                raise (_cut(file) if _is_cut(error, text) else _damaged(file, number)) from error
            # A number may go on.
            if end == len(text) and chunk:
                break
            number += 1
            yield number, _object(row, text[at:end])
            at, expected = end, ","
    if not is_whole:
        raise _cut(file)
    if text[at:].strip(_BLANKS):
        raise _damaged(file, number)


def _object(row: Any, text: str) -> dict[str, Any] | str:
    """Return an object, or its text if it is none, or cannot be written again in UTF-8.

    Bytes that are not UTF-8 stand in the text as halves of pairs of UTF-16, which are no signs.
    Lists in lists may be read deeper than they can be written.
    """
    if not isinstance(row, dict):
        return text
    if not text.isascii() or "\\u" in text:
        try:
            json.dumps(row, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            return text
    return row


def _chained_text(chunks: Iterator[bytes], decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text
    yield decoder.decode(b"", final=True)


def _skip_blanks(text: str, at: int, blanks: str = _BLANKS) -> int:
    while at < len(text) and text[at] in blanks:
        at += 1
    return at


def _is_cut(error: Exception, text: str) -> bool:
    return isinstance(error, json.JSONDecodeError) and (
        error.pos >= len(text) or error.msg.startswith("Unterminated")
    )


def _cut(file: SourceFile) -> InputError:
    return file.unreadable("cannot be read to its end: it is JSON, and its end is missing.")


def _damaged(file: SourceFile, number: int) -> InputError:
    return file.unreadable(
        f"cannot be read to its end: what stands behind the row {number} is not JSON."
    )


def _in_lower_case(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its keys in lower case; of two that become one the first value holds."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        name = key.replace("\0", "").strip().lower()
        if found.get(name) is None:
            found[name] = value
    return found
