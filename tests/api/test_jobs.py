"""Each trigger gets a report on the inputs as they were, and as few builds as that takes."""

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api import jobs as module
from api.builds import BuildError, CancelledError, LockedError
from api.jobs import Jobs
from api.main import create_app
from api.releases import Releases
from api.reports import CANCELLED, Report, Reports
from api.settings import Settings
from tests.api.fakes import FakeBuilder, csv_of, local_client, polls_of, publish
from tests.api.test_endpoints import end, state, trigger


@pytest.fixture
def reports(settings: Settings) -> Iterator[Reports]:
    reports = Reports(settings.output)
    yield reports
    reports.close()


@pytest.fixture
def jobs(
    settings: Settings,
    reports: Reports,
    builder: FakeBuilder,
    monkeypatch: pytest.MonkeyPatch,
) -> Jobs:
    """Offer jobs that are worked off in the test's own thread."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    return Jobs(settings, reports, Releases(settings.db), builder)


def poll(settings: Settings, store_id: str) -> None:
    """Have a poll of a further store come in."""
    (settings.data / f"store_status_{store_id}.csv").write_text(polls_of(store_id))


def csv(settings: Settings, name: str) -> str:
    return (settings.output / f"{name}.csv").read_text()


def test_first_report_builds(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    report_id = reports.add()
    jobs.work_off_queue()
    assert reports.find(report_id) == Report(report_id, "Complete", None)
    assert csv(settings, report_id) == csv_of("a")
    assert csv(settings, "store_report") == csv_of("a")
    assert builder.builds == 1


@pytest.mark.parametrize("pointer", [b"", b'{"release": "half', b"\0" * 300, b"\xff"])
def test_release_whose_pointer_is_damaged_is_built_again(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings, pointer: bytes
):
    publish(settings)
    Releases(settings.db).pointer.write_bytes(pointer)
    report_id = reports.add()
    jobs.work_off_queue()
    assert csv(settings, report_id) == csv_of("a")
    assert builder.builds == 1


@pytest.mark.parametrize("content", [b"", b"\0" * 100_000])
def test_release_whose_file_is_damaged_is_built_again(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings, content: bytes
):
    publish(settings).write_bytes(content)
    report_id = reports.add()
    jobs.work_off_queue()
    assert csv(settings, report_id) == csv_of("a")
    assert builder.builds == 1


def test_nothing_changed_needs_no_build(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    publish(settings)
    report_id = reports.add()
    jobs.work_off_queue()
    assert csv(settings, report_id) == csv_of("a")
    assert builder.builds == 0


def test_new_polls_need_a_build(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    publish(settings)
    poll(settings, "b")
    report_id = reports.add()
    jobs.work_off_queue()
    assert csv(settings, report_id) == csv_of("a", "b")
    assert builder.builds == 1


def test_reports_that_wait_together_share_a_build(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    report_ids = [reports.add() for _ in range(3)]
    jobs.work_off_queue()
    assert [csv(settings, report_id) for report_id in report_ids] == [csv_of("a")] * 3
    assert builder.builds == 1


def test_report_triggered_during_a_build_shares_it_if_no_input_has_changed(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    late = []
    builder.meanwhile = lambda: late.append(reports.add())
    reports.add()
    jobs.work_off_queue()
    assert csv(settings, late[0]) == csv_of("a")
    assert builder.builds == 1


def test_report_triggered_during_a_build_has_the_inputs_as_of_its_trigger(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    late = []

    def poll_and_trigger() -> None:
        builder.meanwhile = lambda: None
        poll(settings, "b")
        late.append(reports.add())

    builder.meanwhile = poll_and_trigger
    early = reports.add()
    jobs.work_off_queue()
    assert csv(settings, early) == csv_of("a")
    assert csv(settings, late[0]) == csv_of("a", "b")
    assert builder.builds == 2


def test_polls_that_never_cease_do_not_keep_a_report_waiting(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    builder.meanwhile = lambda: poll(settings, f"b{builder.builds}")
    report_id = reports.add()
    jobs.work_off_queue()
    assert csv(settings, report_id) == csv_of("a")
    assert builder.builds == 1


def test_release_of_an_analyst_with_vars_is_not_handed_out(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    publish(settings, release_vars={"as_of": "2026-03-01"})
    reports.add()
    jobs.work_off_queue()
    assert builder.builds == 1


def test_failed_build_fails_its_reports_with_its_reason(
    jobs: Jobs, reports: Reports, builder: FakeBuilder
):
    def fail() -> None:
        raise BuildError("Missing column status in store_status.csv.")

    builder.meanwhile = fail
    first, second = reports.add(), reports.add()
    jobs.work_off_queue()
    error = "Missing column status in store_status.csv."
    assert reports.find(first) == Report(first, "Failed", error)
    assert reports.find(second) == Report(second, "Failed", error)


def test_report_after_a_failed_build_builds_again(
    jobs: Jobs, reports: Reports, builder: FakeBuilder
):
    test_failed_build_fails_its_reports_with_its_reason(jobs, reports, builder)
    builder.meanwhile = lambda: None
    report_id = reports.add()
    jobs.work_off_queue()
    assert reports.find(report_id) == Report(report_id, "Complete", None)


def test_build_that_publishes_nothing_fails_its_reports(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(builder, "build", lambda tell: None)
    report_id = reports.add()
    jobs.work_off_queue()
    assert reports.find(report_id) == Report(
        report_id, "Failed", "The build succeeded and yet published no release."
    )


@pytest.mark.parametrize("has_file", [False, True])
def test_folder_with_the_inputs_that_is_none_is_named(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings, has_file: bool
):
    publish(settings)
    shutil.rmtree(settings.data)
    if has_file:
        settings.data.touch()
    report_id = reports.add()
    jobs.work_off_queue()
    said = "There is no folder where STORE_UPTIME_DATA says"
    if has_file:
        said += ", only a file of that name"
    assert reports.find(report_id) == Report(report_id, "Failed", f"{said}.")
    assert builder.builds == 0


def test_locked_file_is_waited_for(jobs: Jobs, reports: Reports, builder: FakeBuilder):
    def locked_twice() -> None:
        if builder.builds < 3:
            raise LockedError("Conflicting lock is held.")

    builder.meanwhile = locked_twice
    report_id = reports.add()
    jobs.work_off_queue()
    assert reports.find(report_id) == Report(report_id, "Complete", None)
    assert builder.builds == 3


def test_input_that_goes_while_it_is_read_is_no_failure(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    (settings.data / "timezones_1.csv").write_text("store_id,timezone_str\n")

    def renamed_once() -> None:
        if builder.builds == 1:
            (settings.data / "timezones_1.csv").rename(settings.data / "timezones_2.csv")
        if builder.builds < 3:
            raise BuildError("No files found that match the pattern.")

    builder.meanwhile = renamed_once
    first = reports.add()
    jobs.work_off_queue()
    # The second build failed with all files still there, so that was for another reason.
    assert builder.builds == 2
    assert reports.find(first) == Report(first, "Failed", "No files found that match the pattern.")
    second = reports.add()
    jobs.work_off_queue()
    assert reports.find(second) == Report(second, "Complete", None)


def test_release_published_by_whoever_held_the_lock_is_good_enough(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    def locked() -> None:
        publish(settings)
        raise LockedError("Conflicting lock is held.")

    builder.meanwhile = locked
    report_id = reports.add()
    jobs.work_off_queue()
    assert reports.find(report_id) == Report(report_id, "Complete", None)
    assert builder.builds == 1


def test_locked_file_is_not_waited_for_for_ever(
    settings: Settings, reports: Reports, builder: FakeBuilder
):
    def locked() -> None:
        raise LockedError("Conflicting lock is held.")

    builder.meanwhile = locked
    impatient = settings.model_copy(update={"build_wait_seconds": 0})
    report_id = reports.add()
    Jobs(impatient, reports, Releases(settings.db), builder).work_off_queue()
    assert reports.find(report_id) == Report(
        report_id, "Failed", "Gave up after 0 seconds. Conflicting lock is held."
    )


def test_stopped_service_leaves_its_reports_in_the_queue(
    jobs: Jobs, reports: Reports, builder: FakeBuilder
):
    def stop() -> None:
        raise CancelledError("The service was stopped.")

    builder.meanwhile = stop
    report_id = reports.add()
    jobs.work_off_queue()
    assert reports.find(report_id) == Report(report_id, "Queued", None)


def test_report_that_cannot_be_written_fails_with_its_reason(
    jobs: Jobs, reports: Reports, settings: Settings
):
    report_id = reports.add()
    # A folder is in the way.
    (settings.output / f"{report_id}.csv").mkdir()
    jobs.work_off_queue()
    report = reports.find(report_id)
    assert report is not None
    assert report.status == "Failed"
    assert report.error is not None
    assert report.error.startswith("The report could not be written: ")


def test_cancelled_report_does_not_become_the_newest(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    newest = settings.output / "store_report.csv"
    newest.write_text("the last report")
    cancelled = reports.add()
    builder.meanwhile = lambda: reports.cancel(cancelled)
    jobs.work_off_queue()
    assert newest.read_text() == "the last report"
    assert not (settings.output / f"{cancelled}.csv").exists()


def test_report_becomes_the_newest_though_another_is_cancelled(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, settings: Settings
):
    cancelled, _ = reports.add(), reports.add()
    builder.meanwhile = lambda: reports.cancel(cancelled)
    jobs.work_off_queue()
    assert csv(settings, "store_report") == csv_of("a")


def test_report_is_not_complete_before_it_is_the_newest(
    jobs: Jobs, reports: Reports, settings: Settings
):
    report_id = reports.add()
    # A folder is in the way.
    (settings.output / "store_report.csv").mkdir()
    jobs.work_off_queue()
    report = reports.find(report_id)
    assert report is not None
    assert report.status == "Failed"


def test_old_releases_go_after_a_build(jobs: Jobs, reports: Reports, settings: Settings):
    long_ago = (datetime.now(UTC) - timedelta(days=1)).timestamp()
    old = [publish(settings) for _ in range(4)]
    for age, path in enumerate(old):
        os.utime(path, (long_ago - age, long_ago - age))
    poll(settings, "b")
    reports.add()
    jobs.work_off_queue()
    assert [path.exists() for path in old] == [True, True, False, False]


def test_unexpected_error_does_not_end_the_work(
    jobs: Jobs, reports: Reports, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    is_complete = threading.Event()
    complete = reports.complete
    monkeypatch.setattr(reports, "complete", lambda *values: (complete(*values), is_complete.set()))

    def break_once() -> None:
        if builder.builds == 1:
            raise RuntimeError("No space left on device")

    builder.meanwhile = break_once
    report_id = reports.add()
    jobs.start()
    assert is_complete.wait(10)
    jobs.stop()
    assert reports.find(report_id) == Report(report_id, "Complete", None)


def test_build_goes_on_while_any_of_its_reports_is_wanted(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    first = trigger(client)
    assert builder.has_begun.wait(10)
    builder.has_begun.clear()
    # It waits for the next build.
    later = trigger(client)
    client.delete(f"/reports/{first}")
    # The build was ended, and the one for the other begins.
    assert builder.has_begun.wait(10)
    assert state(client, first)["error"] == CANCELLED
    assert end(client, later)["status"] == "Complete"
    assert builder.builds == 2


def test_build_that_others_wait_for_is_not_ended(
    jobs: Jobs, reports: Reports, builder: FakeBuilder
):
    first, second = reports.add(), reports.add()

    def cancel_first() -> None:
        reports.cancel(first)
        jobs.let_go()

    builder.meanwhile = cancel_first
    jobs.work_off_queue()
    assert reports.find(second) == Report(second, "Complete", None)
    assert not builder.is_cancelled.is_set()


def test_nothing_is_waited_for_that_nobody_wants(
    jobs: Jobs, reports: Reports, builder: FakeBuilder
):
    report_id = reports.add()

    def locked() -> None:
        reports.cancel(report_id)
        raise LockedError("Conflicting lock is held.")

    builder.meanwhile = locked
    jobs.work_off_queue()
    assert builder.builds == 1


def test_what_has_changed_is_built_without_being_asked(
    jobs: Jobs, builder: FakeBuilder, settings: Settings
):
    jobs.refresh()
    jobs.refresh()
    assert builder.builds == 1
    poll(settings, "b")
    jobs.refresh()
    assert builder.builds == 2


def test_builds_without_being_asked_that_fail_are_counted(jobs: Jobs, builder: FakeBuilder):
    def fail() -> None:
        raise BuildError("The models are broken.")

    builder.meanwhile = fail
    jobs.refresh()
    jobs.refresh()
    assert jobs.failed_refreshes == 2
    builder.meanwhile = lambda: None
    jobs.refresh()
    assert jobs.failed_refreshes == 0


def test_service_builds_by_itself_if_that_is_set(settings: Settings, builder: FakeBuilder):
    by_itself = settings.model_copy(update={"refresh_minutes": 0.001})
    with local_client(create_app(by_itself, builder)) as client:
        assert builder.has_begun.wait(10)
        builder.has_begun.clear()
        poll(settings, "b")
        assert builder.has_begun.wait(10)
        # Whoever cancels a report does not end such a build.
        builder.may_end.clear()
        builder.has_begun.clear()
        poll(settings, "c")
        assert builder.has_begun.wait(10)
        report_id = trigger(client)
        client.delete(f"/reports/{report_id}")
        assert not builder.is_cancelled.is_set()


def test_nothing_is_built_without_being_asked_by_default(client: TestClient, builder: FakeBuilder):
    report_id = trigger(client)
    end(client, report_id)
    assert builder.builds == 1
