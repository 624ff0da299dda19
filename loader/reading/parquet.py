"""Parquet files: one scan for all that have the same columns, with their types."""

from collections.abc import Sequence

import duckdb

from loader.inputs import Input
from loader.reading.naming import why_no_parquet
from loader.reading.scan import COUNTED, Column, Scan, SourceFile, file_of_row, identifier, paths

# DuckDB tells the file and the row of each value in columns that it calls so, unless the file has
# columns of these names; such a file has a scan of its own, so that neither is needed.
_NAMES_OF_DUCKDB = {"file_index", "file_row_number"}

_Schema = tuple[tuple[str, str], ...]


def parquet_scans(
    connection: duckdb.DuckDBPyConnection, one: Input, files: Sequence[SourceFile]
) -> list[Scan]:
    """Return the scans that read these files; raises InputError for what is no Parquet file."""
    for file in files:
        if (why := why_no_parquet(file)) is not None:
            raise file.unreadable(why)
    by_schema: dict[tuple[_Schema, int | None], list[SourceFile]] = {}
    for file, schema in zip(files, _schemas(connection, files), strict=True):
        own = {name.lower() for name, _ in schema}
        alone = file.file_key if own & _NAMES_OF_DUCKDB else None
        by_schema.setdefault((schema, alone), []).append(file)
    return [_scan(schema, of_schema) for (schema, _), of_schema in by_schema.items()]


def _scan(schema: _Schema, files: Sequence[SourceFile]) -> Scan:
    columns = [
        Column(name.strip().lower(), f"raw.{identifier(name)}", kind) for name, kind in schema
    ]
    own = {name.lower() for name, _ in schema}
    # Bytes that are no text in UTF-8 make no value.
    bytes_ = [column for column in columns if column.type == "BLOB"]
    is_no_text = " or ".join(
        f"({column.value} is not null and {column.text(column.value)} is null)" for column in bytes_
    )
    as_it_stands = ", ".join(f"cast({column.value} as varchar)" for column in columns)
    source, [file_key] = file_of_row(
        [[file.file_key for file in files]],
        ["file_key"],
        f"read_parquet({paths(files)}, hive_partitioning = false)",
    )
    return Scan(
        source=source,
        columns=columns,
        files=files,
        file_key=file_key,
        line_number=(COUNTED if own & _NAMES_OF_DUCKDB else "raw.file_row_number + 1"),
        malformed=(
            f"case when {is_no_text} then concat_ws(',', {as_it_stands}) end" if bytes_ else "null"
        ),
    )


def _schemas(connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile]) -> list[_Schema]:
    """Return the names and types of the columns of each file."""
    if not files:
        return []
    if len(files) == 1:
        return [_schema(connection, files[0])]
    try:
        rows = connection.execute(f"""
            select
                file_name,
                list(name order by row_number) as names,
                list(coalesce(duckdb_type, '') order by row_number) as types,
                bool_or(coalesce(num_children, 0) > 0 and row_number > 1) as is_nested
            from (
                select *, row_number() over (partition by file_name) as row_number
                from parquet_schema({paths(files)})
            )
            group by file_name
        """).fetchall()
    except duckdb.Error:
        return [_schema(connection, file) for file in files]
    found = {
        file_name: tuple(zip(names[1:], types[1:], strict=True))
        for file_name, names, types, is_nested in rows
        if not is_nested
    }
    return [found.get(str(file.path)) or _schema(connection, file) for file in files]


def _schema(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> _Schema:
    source = f"read_parquet({paths([file])}, hive_partitioning = false)"
    try:
        rows = connection.execute(f"describe select * from {source}").fetchall()
    except duckdb.Error as error:
        raise file.unreadable("cannot be read to its end: it is a damaged Parquet file.") from error
    return tuple((name, kind) for name, kind, *_ in rows)
