"""What a build would reject of an upload, found out by a build of it alone, in a scratch folder."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from api.builds import undisturbed_builder
from api.input_columns import input_columns
from api.settings import Settings
from api.uploads import Upload, remove_abandoned

_SAMPLES = 5
_REQUIRED = ("store_status", "business_hours", "timezones")
# So that there is something to look back from; early, so that it takes part in nothing.
_POLL = "the dry run's own store,active,2015-01-02 00:00:00 UTC\n"


@dataclass(frozen=True)
class Rejected:
    """Rows of an upload that builds would set aside for one reason, with the first of them."""

    reason: str
    rows: int
    samples: list[dict[str, object]]


class DryRuns:
    """A dbt process of its own, started by the first dry run.

    Whoever asks for a dry run takes `turn` first: there is one at a time, and those that wait keep
    no thread from others.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.db.parent / "dry_run"
        self._db = self._folder / "dry_run.duckdb"
        self._data = self._folder / "data"
        remove_abandoned(self.folder)
        self.turn = asyncio.Lock()
        selection = ("--select", "+rejected_rows", "--exclude-resource-type", "test")
        self._builder = undisturbed_builder(
            settings, self._data, self._db, self._folder / "target", selection
        )

    @property
    def folder(self) -> Path:
        """Where uploads are written; it is made again should it have gone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def rejected(self, upload: Upload, input_name: str) -> list[Rejected]:
        """Return what a build would reject, most rows first.

        Raises BuildError if that cannot be told.
        """
        self._lay_out(upload, input_name)
        try:
            self._builder.build()
            with duckdb.connect(self._db, read_only=True) as connection:
                rows = connection.execute(
                    f"""
                    select
                        reason,
                        count(*) as rows,
                        list(
                            {{'line_number': line_number, 'store_id': store_id,
                            'raw_values': raw_values}} order by line_number
                        )[:{_SAMPLES}]
                    from rejected_rows
                    -- Which stores and groups there are, other files tell.
                    where input = ? and reason not in ('unknown_store', 'unknown_group')
                    group by reason
                    order by rows desc, reason
                    """,
                    [input_name],
                ).fetchall()
        finally:
            shutil.rmtree(self._data)
            self._db.unlink(missing_ok=True)
        return [Rejected(*row) for row in rows]

    def close(self) -> None:
        self._builder.close()

    def _lay_out(self, upload: Upload, input_name: str) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._db.unlink(missing_ok=True)
        self._db.with_name(self._db.name + ".wal").unlink(missing_ok=True)
        self._data.mkdir(parents=True)
        known = input_columns()
        for name in _REQUIRED:
            header = ",".join(spellings[0] for spellings in known[name]["columns"].values())
            rows = _POLL if name == "store_status" else ""
            (self._data / f"{name}.csv").write_text(f"{header}\n{rows}", encoding="utf-8")
        (self._data / f"{input_name}_upload.{upload.format}").symlink_to(upload.path)
