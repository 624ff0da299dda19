"""Well-formed rows come back the same from every format, dialect and encoding, and their lines."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from tests.loader.reading_rows import columns, read

Rows = list[dict[str, str | None]]
SIGNS = ["a", "B", "7", "é", "渋", "😀", " ", ",", ";", "\t", "|", '"', "'", "\n", "\r\n", "-", "{"]


def _value(chance: random.Random) -> str | None:
    if chance.random() < 0.1:
        return None
    text = "".join(chance.choices(SIGNS, k=chance.randint(1, 8)))
    return f"x{text}x"


def _rows(chance: random.Random) -> Rows:
    names = ["store_id", "brand", "city"]
    return [{name: _value(chance) for name in names} for _ in range(chance.choice([0, 1, 9, 300]))]


def _as_csv(chance: random.Random, rows: Rows) -> tuple[str, bytes, list[tuple[int, int]]]:
    end, delimiter = chance.choice(["\n", "\r\n", "\r"]), chance.choice(",;\t|")
    quotes_all = chance.random() < 0.5
    text = delimiter.join(["Store_ID", "brand", "city"]) + end
    lines = []
    line = 2
    for row in rows:
        while chance.random() < 0.02:
            text += end
            line += 1
        values = []
        for value in row.values():
            needs_quotes = quotes_all or set(value or "") & {delimiter, '"', "\n", "\r"}
            quoted = (value or "").replace('"', '""')
            values.append(f'"{quoted}"' if needs_quotes else quoted)
        written = delimiter.join(values) + end
        spans = len(written.encode().splitlines())
        lines.append((line, spans))
        line += spans
        text += written
    encoding = chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    return "csv", text.encode(encoding), lines


def _as_json_lines(chance: random.Random, rows: Rows) -> tuple[str, bytes, list[tuple[int, int]]]:
    text = "".join(json.dumps(row, ensure_ascii=chance.random() < 0.5) + "\n" for row in rows)
    return chance.choice(["json", "jsonl", "ndjson"]), text.encode(), _counted(rows, 1)


def _as_array(chance: random.Random, rows: Rows) -> tuple[str, bytes, list[tuple[int, int]]]:
    text = json.dumps(rows, indent=chance.choice([None, 2]), ensure_ascii=chance.random() < 0.5)
    return "json", text.encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"])), _counted(rows, 1)


def _counted(rows: Rows, first: int) -> list[tuple[int, int]]:
    return [(number, 1) for number, _ in enumerate(rows, first)]


def _packed(chance: random.Random, ending: str, content: bytes) -> tuple[str, bytes]:
    if chance.random() < 0.5:
        return ending, content
    if chance.random() < 0.5:
        at = chance.randint(0, len(content))
        packed = gzip.compress(content[:at]) + gzip.compress(content[at:])
        return f"{ending}.gz", packed + bytes(chance.choice([0, 100]))
    return f"{ending}.zst", zstandard.compress(content)


def _expected(rows: Rows, lines: list[tuple[int, int]]) -> list[tuple[Any, ...]]:
    return [
        (*line, row["store_id"], None, row["brand"], row["city"])
        for row, line in zip(rows, lines, strict=True)
    ]


def _found(*paths: Path) -> list[list[tuple[Any, ...]]]:
    by_file: list[list[tuple[Any, ...]]] = [[] for _ in paths]
    rows = read("stores", *paths)
    names = ("line_number", "lines", "store_id", "set_aside_as")
    for row, values in zip(rows, columns(rows, *names), strict=True):
        attributes = json.loads(row["attributes"])
        found = (*values, attributes["brand"], attributes["city"])
        by_file[row["file_key"] - 1].append(found)
    return by_file


Written = tuple[str, bytes, list[tuple[int, int]]]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("write", [_as_csv, _as_json_lines, _as_array])
def test_text(tmp_path: Path, write: Callable[..., Written], seed: int) -> None:
    chance = random.Random(seed)
    paths, expected = [], []
    for number in range(5):
        rows = _rows(chance)
        ending, content, lines = write(chance, rows)
        if not rows and "json" in ending:
            continue
        ending, content = _packed(chance, ending, content)
        path = tmp_path / f"stores_{number}.{ending}"
        path.write_bytes(content)
        paths.append(path)
        expected.append(_expected(rows, lines))
    assert _found(*paths) == expected


def test_parquet(tmp_path: Path) -> None:
    chance = random.Random(1)
    rows = [*_rows(chance), {"store_id": "x", "brand": None, "city": "y"}]
    path = tmp_path / "stores.parquet"
    with duckdb.connect() as connection:
        connection.execute("create table stores (store_id varchar, brand varchar, city blob)")
        connection.executemany(
            "insert into stores select $1, $2, encode($3)", [list(row.values()) for row in rows]
        )
        connection.execute(f"copy stores to '{path}'")
    assert _found(path) == [_expected(rows, _counted(rows, 1))]
