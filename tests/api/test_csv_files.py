"""How CSV files are written, found out from their bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api import unpacking
from api.csv_files import DamagedError, Dialect, csv_dialect


@pytest.fixture(params=[1, 2, 3, 1 << 20])
def dialect(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[bytes], Dialect]:
    """Offer `dialect(content)`, which reads the content in chunks of so many bytes."""
    monkeypatch.setattr(unpacking, "_CHUNK_BYTES", request.param)
    path = tmp_path / "some.csv"

    def dialect_of(content: bytes) -> Dialect:
        path.write_bytes(content)
        return csv_dialect(path, is_packed=False)

    return dialect_of


@pytest.mark.parametrize(
    ("header", "delimiter", "names"),
    [
        ("a,b", ",", ["a", "b"]),
        ("a;b,c;d", ";", ["a", "b,c", "d"]),
        ("A\t B ", "\t", ["a", "b"]),
        ("a|b|", "|", ["a", "b", ""]),
        ('"a, or ""b""",c', ",", ["a, or b", "c"]),
        ('\ufeff"a";"b;c"', ";", ["a", "b;c"]),
        ("alone", ",", ["alone"]),
        ("", ",", [""]),
    ],
)
def test_header(tmp_path: Path, header: str, delimiter: str, names: list[str]):
    path = tmp_path / "some.csv"
    path.write_text(f"{header}\n1,2;3|4\n")
    found = csv_dialect(path, is_packed=False)
    assert (found.delimiter, found.names) == (delimiter, names)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused(dialect: Callable[[bytes], Dialect], encoding: str):
    with pytest.raises(DamagedError, match="UTF-16"):
        dialect("store_id,timezone_str\r\nA,UTC\r\n".encode(encoding))


@pytest.mark.parametrize(
    ("content", "mixes"),
    [
        (b"", False),
        (b"a,b", False),
        (b"a\n1\n2\n", False),
        (b"a\r\n1\r\n2", False),
        (b"a\r1\r2\r", False),
        (b"a\r\n1\n2\r\n", True),
        (b"a\n1\n2\r\n", True),
        (b"a\r1\r\n", True),
        (b"a\r\r\n", True),
        (b"a\r\n\r", True),
        (b"a\n\r", True),
        (b"a\r1\n2\r3\n", True),
    ],
)
def test_mixed_line_ends(dialect: Callable[[bytes], Dialect], content: bytes, mixes: bool):
    assert dialect(content).mixes_line_ends == mixes


@pytest.mark.parametrize(
    ("content", "is_odd"),
    [
        (b"a,b\n1,2", False),
        (b'"a","b"\r\n"1","2"\r\n', False),
        (b'a,b\n1,"2"', False),
        (b'a,b\n"",""\n', False),
        (b'a,b\n"1,\n2",3\n', False),
        (b'a,b\n1,"2', True),
        (b'a,b\n1,"2\n3,4\n"5\n', True),
        (b'a,b\n"1"",2\n', True),
        (b'a,b\n"1" ,2\n', True),
        (b'a,b\n1, "2"\n', True),
        (b'a,b\n1",2\n3,"4\n', True),
        (b'a;b\n"1","2"\n', True),
    ],
)
def test_odd_quotes(dialect: Callable[[bytes], Dialect], content: bytes, is_odd: bool):
    assert dialect(content).has_odd_quotes == is_odd
