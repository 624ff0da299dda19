"""What Prometheus is told: counts and times, and nothing of any one store."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric, SummaryMetricFamily

from api.jobs import Jobs
from api.releases import NoReleaseError, Release, SharedReleases
from api.reports import Reports

_Counts = list[tuple[str, int]]


class Metrics:
    """The metrics of one service; what is on disk is counted when asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "store_uptime_request_seconds",
            "Time until a request was answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._builds = Counter(
            "store_uptime_builds", "Builds that ended.", ("result",), registry=self._registry
        )
        self.refused = Counter(
            "store_uptime_refused_without_token",
            "Requests without a token that holds, which the audit log leaves out.",
            registry=self._registry,
        )
        self._build_seconds = Histogram(
            "store_uptime_build_seconds",
            "Time that a build took.",
            buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
            registry=self._registry,
        )

    def watch(self, reports: Reports, releases: SharedReleases, jobs: Jobs) -> None:
        """Have the reports, the work on them and the newest release counted, too."""
        self._registry.register(_OnDisk(reports, releases, jobs))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).observe(seconds)

    def built(self, result: str, seconds: float) -> None:
        self._builds.labels(result).inc()
        self._build_seconds.observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _OnDisk:
    """Collects what the record of reports and the newest release say."""

    def __init__(self, reports: Reports, releases: SharedReleases, jobs: Jobs) -> None:
        self._reports = reports
        self._jobs = jobs
        self._releases = releases
        self._lock = threading.Lock()
        self._counted: tuple[str, _Counts, _Counts] = ("", [], [])

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not ask for the first time."""
        return []

    def collect(self) -> Iterator[Metric]:
        counts = self._reports.counts()
        waiting = counts.get("Queued", (0, 0.0))[0]
        yield GaugeMetricFamily("store_uptime_queue_length", "Reports waiting.", waiting)
        took = SummaryMetricFamily(
            "store_uptime_report_seconds", "Time from trigger to end.", labels=("status",)
        )
        for status in ("Complete", "Failed"):
            count, seconds = counts.get(status, (0, 0.0))
            took.add_metric((status,), count, seconds)
        yield took
        yield GaugeMetricFamily(
            "store_uptime_failed_refreshes",
            "Builds without being asked that failed since one went well.",
            self._jobs.failed_refreshes,
        )
        try:
            release = self._releases.readable()
            rejected, statuses = self._counts(release)
        except (NoReleaseError, duckdb.Error):
            return
        now = datetime.now(UTC)
        yield GaugeMetricFamily(
            "store_uptime_release_age_seconds",
            "Time since the build of the newest release began.",
            (now - release.started_at).total_seconds(),
        )
        yield GaugeMetricFamily(
            "store_uptime_newest_poll_age_seconds",
            "Time since the instant from which the newest release looks back.",
            poll_age_seconds(release),
        )
        for name, said, label, counted in (
            ("store_uptime_rejected_rows", "Input rows set aside.", "reason", rejected),
            ("store_uptime_stores", "Stores by their current status.", "status", statuses),
        ):
            family = GaugeMetricFamily(name, said, labels=(label,))
            for value, count in counted:
                family.add_metric((value,), count)
            yield family

    def _counts(self, release: Release) -> tuple[_Counts, _Counts]:
        """Return the rejected rows by reason, and the stores by status, counted once a release."""
        with self._lock:
            if self._counted[0] != release.release_id:
                with self._releases.open_newest() as (newest, connection):
                    rejected, statuses = (
                        connection.execute(
                            f"select {column}, count(*) from {table} group by all order by all"
                        ).fetchall()
                        for column, table in (
                            ("reason", "rejected_rows"),
                            ("current_status", "current_status"),
                        )
                    )
                self._counted = (newest.release_id, rejected, statuses)
            return self._counted[1:]


def poll_age_seconds(release: Release) -> float:
    """Return how long ago the instant is from which a release looks back."""
    return (datetime.now(UTC) - datetime.fromisoformat(release.as_of)).total_seconds()
