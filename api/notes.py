"""What is to be said of the inputs as a whole, as the release tells it."""

import duckdb


def notes_of_inputs(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the sentences of an open release that whoever asks for a report is to see.

    The others only count. Releases of earlier versions have none.
    """
    try:
        rows = connection.execute(
            "select note from input_notes where is_told order by input, file, kind, note"
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return [note for (note,) in rows]
