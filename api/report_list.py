"""The reports as a list shows them: who asked for what, and what came of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.options import Format
from api.reports import Reports, Status


@dataclass(frozen=True)
class Entry:
    """A report in the list; what is not known yet is None."""

    report_id: str
    status: Status
    error: str | None
    format: Format
    options: dict[str, Any]
    requested_by: str | None
    requested_at: str
    finished_at: str | None
    as_of: str | None
    stores: int | None
    rejected_rows: int | None
    methodology: dict[str, Any] | None
    notes: list[str] | None


def page(reports: Reports, limit: int, before: tuple[str, str] | None = None) -> Sequence[Entry]:
    """Return reports, the newest first, of those before a `requested_at` and report id."""
    return _entries(
        reports,
        """
        where (triggered_at, report_id) < (?, ?)
        order by triggered_at desc, report_id desc
        limit ?
        """,
        (*(before or ("~", "~")), limit),
    )


def find(reports: Reports, report_id: str) -> Entry | None:
    """Return one report, or None if there is none of that id."""
    return next(iter(_entries(reports, "where report_id = ?", (report_id,))), None)


def _entries(reports: Reports, condition: str, values: tuple) -> Sequence[Entry]:
    rows = reports.read(
        f"""
        select
            report_id, status, error, format, options, nullif(requested_by, ''), triggered_at,
            finished_at, as_of, stores, rejected_rows, methodology, notes
        from reports
        {condition}
        """,
        values,
    )
    return [
        Entry(*row[:4], json.loads(row[4]), *row[5:11], *map(_parsed, row[11:])) for row in rows
    ]


def _parsed(said: str | None) -> Any:
    return None if said is None else json.loads(said)
