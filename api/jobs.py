"""The one worker that turns promised reports into files."""

import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import duckdb

from api.builds import (
    Builder,
    BuildError,
    CancelledError,
    LockedError,
    Progress,
    input_files,
    why_outdated,
)
from api.disk import FULL, folder_fault, is_full
from api.instants import as_text
from api.releases import Release, Releases, attach, is_damage
from api.reports import Contents, Reports
from api.settings import Settings
from api.snapshots import (
    NEWEST,
    ReportOptions,
    UnansweredError,
    copy_report,
    notes_of_inputs,
    remove_abandoned,
    remove_reports,
    write_report,
)

log = logging.getLogger(__name__)

# How long until a locked file, or work that broke off, is tried again.
RETRY_SECONDS = 1.0
RETRY_SECONDS_MAX = 30.0
# Reports expire also while nobody asks for one.
LOOK_SECONDS = 600.0
# A service that stops waits no longer for a report that is being written.
STOP_SECONDS = 0.7


class _PassingError(Exception):
    """Why a build is tried again; the message is a sentence for whoever waits for too long."""


class Jobs:
    """Works through the queued reports, in a thread of its own."""

    def __init__(
        self, settings: Settings, reports: Reports, releases: Releases, builder: Builder
    ) -> None:
        self._settings = settings
        self._reports = reports
        self._releases = releases
        self._builder = builder
        # How far the build is for the reports being worked on; None if they need none.
        self.progress: Progress | None = None
        self._is_building = False
        # Is told how each build ended, and how many seconds it took.
        self.told_of_build: Callable[[str, float], None] = lambda result, seconds: None
        # Of builds without being asked, those in a row that failed.
        self.failed_refreshes = 0
        self._is_refreshing = False
        self._refresh_at = time.monotonic() if settings.refresh_minutes else math.inf
        # What writes a report, so that a stop can interrupt it.
        self._writing: duckdb.DuckDBPyConnection | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs")

    def start(self) -> None:
        remove_abandoned(self._settings.output)
        self._wake.set()
        self._thread.start()
        self._builder.warm_up()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def warm_up(self) -> None:
        """Have the builder's process there, unless the service is to stop."""
        with suppress(CancelledError):
            self._builder.warm_up()

    def wake(self) -> None:
        """Have a look at the queue."""
        self._wake.set()

    def let_go(self) -> None:
        """End the build if nobody waits for it any more."""
        if self._is_building and not self._is_awaited():
            self._builder.cancel()

    def stop(self) -> None:
        """Break off; what is unfinished waits in the queue for the next start."""
        self._stop.set()
        self._wake.set()
        self._builder.close()
        give_up_at = time.monotonic() + STOP_SECONDS
        while self._thread.is_alive() and time.monotonic() < give_up_at:
            # What is between two statements is not interrupted by one call.
            with suppress(AttributeError, duckdb.Error):
                self._writing.interrupt()
            self._thread.join(0.05)

    def work_off_queue(self) -> None:
        """Finish all reports that are queued by now.

        They are claimed before anything is looked at, so a build that is found necessary begins
        after each of them was triggered; one that is triggered later gets a round of its own.
        """
        while report_ids := self._reports.claim_queued():
            try:
                release = self._up_to_date_release()
            except CancelledError:
                self._reports.put_back()
                self._wake.set()
                return
            except BuildError as error:
                log.warning("Build failed: %s", error)
                self._reports.fail(report_ids, str(error))
            else:
                self._take_snapshots(report_ids, release)
            finally:
                self.progress = None
        self._expire()

    def refresh(self) -> None:
        """Build without being asked, if anything has changed."""
        self._refresh_at = time.monotonic() + self._settings.refresh_minutes * 60
        self._is_refreshing = True
        try:
            self._up_to_date_release()
            self.failed_refreshes = 0
        except CancelledError:
            return
        except BuildError as error:
            self.failed_refreshes += 1
            log.warning("Build without being asked failed: %s", error)
        finally:
            self._is_refreshing = False
            self.progress = None

    def _is_awaited(self) -> bool:
        return self._is_refreshing or self._reports.is_any_awaited()

    def _run(self) -> None:
        broke_off = 0
        while not self._stop.is_set():
            self._wake.wait(max(0, min(LOOK_SECONDS, self._refresh_at - time.monotonic())))
            self._wake.clear()
            try:
                if broke_off:
                    self._reports.take_up_again()
                self.work_off_queue()
                if time.monotonic() >= self._refresh_at:
                    self.refresh()
                broke_off = 0
            except Exception as error:
                self._break_off(error, is_first=not broke_off)
                broke_off += 1
                self._stop.wait(min(RETRY_SECONDS * broke_off, RETRY_SECONDS_MAX))
                self._wake.set()

    def _break_off(self, error: Exception, is_first: bool) -> None:
        """Say once what the work is broken off by.

        Without room, or without the record, the reports fail; else they get their other attempts.
        """
        if not (is_full(error) or isinstance(error, sqlite3.Error)):
            log.exception("The work on reports broke off")
            return
        said = FULL if is_full(error) else f"The record of reports cannot be used: {error}."
        if is_first:
            log.error("The work on reports broke off: %s (%s)", said, error)
        with suppress(sqlite3.Error):
            self._reports.give_up(said)

    def _up_to_date_release(self) -> Release:
        """Return a release that is what a build would give, after building it if need be."""
        give_up_at = time.monotonic() + self._settings.build_wait_seconds
        while True:
            if fault := folder_fault(self._settings.data, "data"):
                raise BuildError(fault)
            release = self._releases.newest()
            reason = why_outdated(release, self._settings.data, self._settings.lake)
            if reason is None and self._releases.damaged():
                reason = "the newest release is damaged"
            if release and reason is None:
                return release
            log.info("Building, since %s", reason)
            try:
                return self._newly_built(release)
            except _PassingError as error:
                problem = str(error)
            if time.monotonic() >= give_up_at:
                waited = self._settings.build_wait_seconds
                raise BuildError(f"Gave up after {waited:g} seconds. {problem}")
            log.info("Waiting: %s", problem)
            if self._stop.wait(RETRY_SECONDS):
                raise CancelledError("The service was stopped.")
            if not self._is_awaited():
                raise CancelledError("Nobody waits for the build any more.")

    def _newly_built(self, before: Release | None) -> Release:
        """Build, and return the release; raises _PassingError if that may soon succeed."""
        files_before = input_files(self._settings.data)
        began_at, result = time.monotonic(), "failed"
        self._is_building = True
        try:
            self._builder.build(self._keep_progress)
            result = "succeeded"
        except CancelledError:
            raise
        except LockedError as error:
            raise _PassingError(str(error)) from error
        except BuildError as error:
            # An upload may have taken the place of a file that the build was about to read.
            if files_before <= input_files(self._settings.data):
                raise
            raise _PassingError(str(error)) from error
        finally:
            self._is_building = False
            self.told_of_build(result, time.monotonic() - began_at)
        log.info("Built in %.2f s", time.monotonic() - began_at)
        built = self._releases.newest()
        if built is None or built == before:
            raise BuildError("The build succeeded and yet published no release.")
        if built.vars:
            raise _PassingError("Builds with vars of their own keep coming in between.")
        self._releases.prune(self._settings.releases_kept, self._settings.releases_kept_seconds)
        return built

    def _keep_progress(self, progress: Progress) -> None:
        self.progress = progress

    def _take_snapshots(self, report_ids: list[str], release: Release) -> None:
        """Write what the release tells, once for each set of options that was asked for."""
        asked: dict[str, tuple[ReportOptions, list[str]]] = {}
        for report_id in report_ids:
            options = self._reports.options(report_id)
            asked.setdefault(options.model_dump_json(), (options, []))[1].append(report_id)
        for options, some in asked.values():
            try:
                self._take_snapshot(options, some, release)
            except UnansweredError as error:
                self._reports.fail(some, str(error))
            except (OSError, duckdb.Error) as error:
                if self._stop.is_set():
                    self._reports.put_back()
                    return
                if isinstance(error, duckdb.Error) and is_damage(error):
                    # They begin anew, with a build.
                    self._releases.give_up(release, error)
                    self._reports.take_up_again()
                    self._wake.set()
                    return
                if is_full(error):
                    log.warning("A report could not be written: %s", error)
                    self._reports.fail(some, f"The report could not be written: {FULL}")
                    continue
                log.exception("The report could not be written")
                self._reports.fail(some, f"The report could not be written: {error}")

    def _take_snapshot(
        self, options: ReportOptions, report_ids: list[str], release: Release
    ) -> None:
        output = self._settings.output
        files = [output / f"{report_id}.{options.format}" for report_id in report_ids]
        with attach(release.path) as connection:
            self._writing = connection
            try:
                stores = write_report(connection, files[0], options)
                (rejected_rows,) = connection.execute(
                    "select count(*) from rejected_rows"
                ).fetchone()
                notes = notes_of_inputs(connection)
            finally:
                self._writing = None
        for file in files[1:]:
            copy_report(files[0], file)
        contents = Contents(
            release.release_id,
            as_text(options.as_of) if options.as_of else release.as_of,
            stores,
            rejected_rows,
            release.policy,
            notes,
        )
        renews = options == ReportOptions()
        for report_id, file in zip(report_ids, files, strict=True):
            renew = partial(copy_report, file, output / NEWEST) if renews else None
            if self._reports.complete(report_id, contents, renew):
                # The others are the same.
                renews = False
            else:
                file.unlink(missing_ok=True)

    def _expire(self) -> None:
        expired = self._reports.expired(self._settings.reports_kept_days)
        if expired:
            remove_reports(self._settings.output, [report.file_name for report in expired])
            self._reports.forget(expired)
