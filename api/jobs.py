"""The one worker that turns promised reports into files."""

import logging
import threading
import time

import duckdb

from api.builds import Builder, BuildError, CancelledError, LockedError
from api.inputs import why_outdated
from api.releases import Release, Releases, attach
from api.reports import Reports
from api.settings import Settings
from api.snapshots import NEWEST, copy_csv, remove_abandoned, write_csv

log = logging.getLogger(__name__)

# How long until a locked file, or work that broke off, is tried again.
RETRY_SECONDS = 1.0


class Jobs:
    """Works through the queued reports, in a thread of its own."""

    def __init__(
        self, settings: Settings, reports: Reports, releases: Releases, builder: Builder
    ) -> None:
        self._settings = settings
        self._reports = reports
        self._releases = releases
        self._builder = builder
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

    def wake(self) -> None:
        """Have a look at the queue."""
        self._wake.set()

    def stop(self) -> None:
        """Break off; what is unfinished waits in the queue for the next start."""
        self._stop.set()
        self._wake.set()
        self._builder.close()
        self._thread.join()

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
                return
            except BuildError as error:
                log.warning("Build failed: %s", error)
                for report_id in report_ids:
                    self._reports.fail(report_id, str(error))
                continue
            self._take_snapshots(report_ids, release)

    def _run(self) -> None:
        broke_off = False
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                if broke_off:
                    self._reports.take_up_again()
                self.work_off_queue()
                broke_off = False
            except Exception:
                # Whatever it was, such as a full disk: the reports get their other attempts.
                log.exception("The work on reports broke off")
                broke_off = True
                self._stop.wait(RETRY_SECONDS)
                self._wake.set()

    def _up_to_date_release(self) -> Release:
        """Return a release that is what a build would give, after building it if need be."""
        give_up_at = time.monotonic() + self._settings.build_wait_seconds
        while True:
            release = self._releases.newest()
            reason = why_outdated(release, self._settings.data)
            if release and reason is None:
                return release
            try:
                log.info("Building, since %s", reason)
                began_at = time.monotonic()
                self._builder.build()
                log.info("Built in %.2f s", time.monotonic() - began_at)
                built = self._releases.newest()
                if built is None or built == release:
                    raise BuildError("The build succeeded and yet published no release.")
                if not built.vars:
                    self._prune()
                    return built
                problem = "Builds with vars of their own keep coming in between."
            except LockedError as error:
                problem = str(error)
            if time.monotonic() >= give_up_at:
                waited = self._settings.build_wait_seconds
                raise BuildError(f"Gave up after {waited:g} seconds. {problem}")
            log.info("Waiting: %s", problem)
            if self._stop.wait(RETRY_SECONDS):
                raise CancelledError("The service was stopped.")

    def _prune(self) -> None:
        self._releases.prune(self._settings.releases_kept, self._settings.releases_kept_seconds)

    def _take_snapshots(self, report_ids: list[str], release: Release) -> None:
        """Write the release's report once for each id, and as the newest of all."""
        output = self._settings.output
        first = output / f"{report_ids[0]}.csv"
        try:
            with attach(release.path) as connection:
                write_csv(connection, first)
            for name in [f"{report_id}.csv" for report_id in report_ids[1:]] + [NEWEST]:
                copy_csv(first, output / name)
        except (OSError, duckdb.Error) as error:
            log.exception("The report could not be written")
            for report_id in report_ids:
                self._reports.fail(report_id, f"The report could not be written: {error}")
            return
        for report_id in report_ids:
            self._reports.complete(report_id, release.release_id)
