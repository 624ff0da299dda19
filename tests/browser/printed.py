"""The text of each sheet of a PDF as Chromium writes it; it has no library for that in the lock."""

import re
import unicodedata
import zlib


def sheets(pdf: bytes) -> list[str]:
    """Return the text of each page in the order in which it is drawn, without blanks."""
    parts = re.split(rb"^(\d+) 0 obj\n", pdf, flags=re.MULTILINE)[1:]
    objects = dict(zip(map(int, parts[::2]), parts[1::2], strict=True))
    return [
        _drawn(_stream(objects[_reference(body, b"/Contents")]), _fonts(body, objects))
        for body in objects.values()
        if re.match(rb"<</Type /Page\n", body)
    ]


def _fonts(page: bytes, objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    """Return what the glyphs of the fonts of a page mean."""
    found = re.findall(rb"/(F\d+) (\d+) 0 R", page)
    return {
        name: _letters(_stream(objects[_reference(objects[int(number)], b"/ToUnicode")]))
        for name, number in found
    }


def _letters(mapping: bytes) -> dict[int, str]:
    letters = {}
    for line in mapping.decode().splitlines():
        codes = [int(code, 16) for code in re.findall(r"<([0-9A-F]+)>", line)]
        if len(codes) == 2 and codes != [0, 0xFFFF]:
            letters[codes[0]] = chr(codes[1])
        elif len(codes) == 3:
            letters |= {codes[0] + n: chr(codes[2] + n) for n in range(codes[1] - codes[0] + 1)}
    return letters


def _drawn(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    drawn, letters = "", {}
    for font, glyphs in re.findall(rb"/(F\d+) \S+ Tf|<([0-9A-F]+)>", content):
        if font:
            letters = fonts[font]
        for code in re.findall(rb"....", glyphs):
            drawn += letters.get(int(code, 16), "")
    return "".join(unicodedata.normalize("NFKC", drawn).split())


def _stream(body: bytes) -> bytes:
    head, _, rest = body.partition(b"stream\n")
    return zlib.decompress(rest) if b"/FlateDecode" in head else rest


def _reference(body: bytes, key: bytes) -> int:
    found = re.search(re.escape(key) + rb" (\d+) 0 R", body)
    assert found, key
    return int(found[1])
