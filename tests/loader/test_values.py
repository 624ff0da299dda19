"""Each kind of value, as its examples say."""

import duckdb
import pytest

from loader import values


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, text) for kind, value in values.ALL.items() for text in value.examples],
)
def test_examples(kind: str, text: str) -> None:
    value = values.ALL[kind]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        [(found,)] = connection.execute(
            f"select {value.sql('given')} from (select $text as given)", {"text": text}
        ).fetchall()
    assert found == value.examples[text]
