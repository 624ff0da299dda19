"""What a file is that is not what its name says: one sentence, without a byte of it."""

import codecs
import os
import re

from loader.reading.scan import SourceFile

_MAGIC = {
    b"PAR1": "is a Parquet file; call it {stem}.parquet.",
    b"PARE": "is an encrypted Parquet file; write it without encryption.",
    b"\x1f\x8b": "is packed with gzip; call it {name}.gz.",
    b"\x28\xb5\x2f\xfd": "is packed with Zstandard; call it {name}.zst.",
    b"PK\x03\x04": "is a zip archive; unpack it.",
    b"PK\x05\x06": "is an empty zip archive.",
    b"\xd0\xcf\x11\xe0": "is a workbook of Excel (or another document of Office); save it as CSV.",
    b"BZh": "is packed with bzip2; unpack it.",
    b"\xfd7zXZ\0": "is packed with xz; unpack it.",
    b"7z\xbc\xaf": "is a 7-Zip archive; unpack it.",
    b"Rar!": "is a RAR archive; unpack it.",
    b"\x04\x22\x4d\x18": "is packed with LZ4; unpack it.",
    b"%PDF": "is a PDF document.",
    b"SQLite format 3": "is a database of SQLite; export it as CSV.",
    b"ARROW1": "is an Arrow file; write it as Parquet.",
    b"Obj\x01": "is an Avro file; write it as Parquet.",
    b"ORC": "is an ORC file; write it as Parquet.",
    b"\x89PNG": "is a picture.",
    b"\xff\xd8\xff": "is a picture.",
    b"\x7fELF": "is a program.",
    b"{\\rtf": "is a document in RTF; save it as CSV.",
    b"version https://git-lfs": "is a pointer of Git LFS, not the file itself; "
    "fetch that with `git lfs pull`.",
}
_HEAD_BYTES = 1024
_WORKBOOK = b"[Content_Types].xml"


def what_it_is(head: bytes, file: SourceFile) -> str | None:
    """Return how the sentence about a file goes on that cannot be text; null if it may be."""
    shown = os.path.basename(file.shown)
    name = shown.removesuffix(".gz").removesuffix(".zst")
    # Zeros at regular places are UTF-16, whose beginning looks like none of these.
    for magic, sentence in _MAGIC.items():
        # A text may begin with the same letters.
        if head.startswith(magic) and not (magic.isalnum() and not is_binary(head)):
            packed = magic in (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
            if magic == b"PK\x03\x04" and (_WORKBOOK in head or b"xl/" in head):
                return "is a workbook of Excel; save it as CSV."
            if magic == b"PK\x03\x04" and b"opendocument" in head:
                return "is a document of OpenOffice; save it as CSV."
            said = sentence.format(name=name, stem=name.split(".")[0])
            # What is packed twice, or is packed by itself already, needs no other name.
            if said.endswith(f"call it {shown}.") or (packed and ".parquet" in name):
                packing = sentence.partition(";")[0]
                return f"{packing}{' once more' if shown != name else ''}; unpack it."
            return said
    if head[257:262] == b"ustar":
        return "is a tar archive; unpack it."
    if head[8:12] == b"DUCK":
        return "is a database of DuckDB; export it as Parquet."
    if head and not head.strip(b"\0"):
        return "holds zeros alone; perhaps it was cut off while it was written."
    beginning = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    if beginning.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "is a page in HTML, perhaps one that asks to log in; download the file itself."
    if beginning.startswith(b"<?xml"):
        return "is XML; write it as CSV."
    if re.match(rb"<[a-z!]", beginning):
        return "is HTML or XML; write it as CSV."
    return None


def is_binary(head: bytes) -> bool:
    """Say whether these are no beginning of a text in UTF-8, even of a bad one."""
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1a" for byte in head)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return odd * 50 > len(head)
    return odd * 10 > len(head)


def why_no_parquet(file: SourceFile) -> str | None:
    """Return why a file is none, by its first and last bytes; null if it seems to be one."""
    with open(file.path, "rb") as content:
        head = content.read(_HEAD_BYTES)
        size = content.seek(0, os.SEEK_END)
        content.seek(max(0, size - 8))
        tail = content.read(8)
    if not head:
        return "is empty, and no Parquet file."
    if head.startswith(b"PAR1"):
        if size < 12 or not tail.endswith((b"PAR1", b"PARE")):
            return "cannot be read to its end: it is a Parquet file, and its end is missing."
        if int.from_bytes(tail[:4], "little") > size - 12:
            return "cannot be read to its end: it is a damaged Parquet file."
        return None
    if (what := what_it_is(head, file)) is not None:
        return what
    if is_binary(head):
        return "is no Parquet file."
    return "is text, and no Parquet file."
