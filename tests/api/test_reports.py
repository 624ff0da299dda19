"""What was promised outlives the process that promised it."""

from collections.abc import Iterator

import pytest

from api.reports import MAX_ATTEMPTS, Contents, InUseError, Report, Reports
from api.settings import Settings


@pytest.fixture
def reports(settings: Settings) -> Iterator[Reports]:
    with_reports = Reports(settings.output)
    yield with_reports
    with_reports.close()


def reopened(reports: Reports, settings: Settings) -> Reports:
    """Return the record as the next service finds it; the fixture closes it."""
    reports.close()
    reports.__init__(settings.output)
    return reports


def test_new_report_is_queued(reports: Reports):
    report_id = reports.add()
    assert reports.find(report_id) == Report(report_id, "Queued", None)


def test_unknown_report(reports: Reports):
    assert reports.find("0b6f6a1e-6c55-4d0e-9d0b-2f9b1e0c7a11") is None


def test_what_was_found_before_is_not_found_once_it_has_changed(reports: Reports):
    report_id = reports.add()
    found = [reports.find(report_id)]
    reports.claim_queued()
    found.append(reports.find(report_id))
    reports.complete(report_id, Contents("release"))
    found.append(reports.find(report_id))
    assert found == [
        Report(report_id, "Queued", None),
        Report(report_id, "Running", None),
        Report(report_id, "Complete", None),
    ]
    reports.forget([found[-1]])
    assert reports.find(report_id) is None


def test_queued_reports_are_claimed_once_and_in_order(reports: Reports):
    added = [reports.add() for _ in range(20)]
    assert reports.claim_queued() == added
    assert reports.claim_queued() == []


def test_finished_reports_keep_their_end(reports: Reports, settings: Settings):
    complete, failed = reports.add(), reports.add()
    reports.claim_queued()
    assert reports.complete(complete, Contents("release"))
    reports.fail([failed], "Why.")
    again = reopened(reports, settings)
    assert again.find(complete) == Report(complete, "Complete", None)
    assert again.find(failed) == Report(failed, "Failed", "Why.")


def test_unfinished_reports_are_taken_up_again(reports: Reports, settings: Settings):
    running = reports.add()
    reports.claim_queued()
    queued = reports.add()
    assert reopened(reports, settings).claim_queued() == [running, queued]


def test_report_that_breaks_the_service_each_time_fails(reports: Reports, settings: Settings):
    report_id = reports.add()
    for _ in range(MAX_ATTEMPTS):
        assert reports.claim_queued() == [report_id]
        reports = reopened(reports, settings)
    assert reports.claim_queued() == []
    assert reports.find(report_id) == Report(
        report_id, "Failed", "The service broke off 3 times while it worked on this report."
    )


def test_stops_in_good_order_are_no_attempts(reports: Reports, settings: Settings):
    report_id = reports.add()
    for _ in range(MAX_ATTEMPTS + 1):
        assert reports.claim_queued() == [report_id]
        reports.put_back()
        reports = reopened(reports, settings)
    assert reports.claim_queued() == [report_id]
    assert reopened(reports, settings).find(report_id) == Report(report_id, "Queued", None)


def test_record_belongs_to_one_service(reports: Reports, settings: Settings):
    with pytest.raises(InUseError, match="Another service already works in"):
        Reports(settings.output)
