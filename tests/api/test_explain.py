"""Each figure of a store is the sum of what the service says it is made of."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.routers.stores import Explanation
from api.settings import Settings
from tests.api.conftest import A, B
from tests.api.fakes import AS_OF
from tests.api.readable import publish_copy
from tests.api.test_reading import ask, refused


@pytest.fixture(autouse=True)
def release(settings: Settings, sample: Path) -> None:
    publish_copy(settings, sample, "sample", as_of=AS_OF)


def total(rows: list[dict[str, Any]], **having: Any) -> Decimal:
    return sum((row["seconds"] for row in rows if having.items() <= row.items()), start=Decimal(0))


@pytest.mark.parametrize("store_id", [A, B, "1000000000000000024", "1000000000000000022"])
@pytest.mark.parametrize(
    "params",
    [{}, {"from": "2026-03-11T18:13:22.479220Z"}, {"from": "2026-03-01", "to": "2026-03-09"}],
)
def test_figures_are_sums_of_their_parts(client: TestClient, store_id: str, params: dict[str, str]):
    said = ask(client, f"/stores/{store_id}/explain", **params)
    Explanation.model_validate(said)
    figures = {figure["figure"]: figure["seconds"] for figure in said["figures"]}
    [summed] = ask(client, "/uptime", stores=store_id, **params)["groups"]
    assert figures == {name: summed[name] for name in figures}
    rows = said["timeline"]
    assert figures["business_seconds"] == total(said["windows"]) == total(rows)
    for name in ("uptime_seconds", "downtime_seconds", "unknown_seconds", "excluded_seconds"):
        assert figures[name] == total(rows, figure=name)
    assert figures["confirmed_seconds"] == total(rows, is_confirmed=True)
    assert figures["uptime_seconds_min"] == total(rows, status="up", is_confirmed=True)
    assert figures["uptime_seconds_max"] == total(rows) - total(rows, status="excluded") - total(
        rows, status="down", is_confirmed=True
    )


def test_last_hour_by_hand(client: TestClient):
    """Half an hour down: the status of 17:30 holds until 18:00."""
    said = ask(client, f"/stores/{A}/explain", **{"from": "2026-03-12T17:13:22.479220Z"})
    assert [(poll["polled_at"][11:16], poll["status"]) for poll in said["polls"]] == [
        ("17:00", "active"),
        ("17:30", "inactive"),
        ("18:00", "active"),
    ]
    assert [(run["started_at"][11:16], run["status"]) for run in said["runs"]][-2:] == [
        ("17:30", "inactive"),
        ("18:00", "active"),
    ]
    assert [(row["status"], row["seconds"]) for row in said["timeline"]] == [
        ("up", Decimal("997.520780")),
        ("down", Decimal(1800)),
        ("up", Decimal("802.479220")),
    ]


def test_exclusions_that_matter_are_told(client: TestClient):
    said = ask(client, f"/stores/{A}/explain", **{"from": "2026-03-10", "to": "2026-03-11"})
    assert said["exclusions"] == [
        {"started_at": "2026-03-10T20:00:00.000000Z", "ended_at": "2026-03-10T21:00:00.000000Z"}
    ]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/stores/x/explain", 404),
        (f"/stores/{A}/explain?from=2020-01-01", 422),
        (f"/stores/{A}/explain?from=2027-01-01", 422),
    ],
)
def test_refused(client: TestClient, url: str, status: int):
    assert refused(client, url)[0] == status


@pytest.mark.parametrize("what", ["explain", "timeline"])
def test_durations_have_six_digits(client: TestClient, what: str):
    window = {"from": "2026-03-12T17:00:00Z", "to": "2026-03-12T17:00:01Z"}
    text = client.get(f"/stores/{A}/{what}", params=window).text
    assert text.endswith('seconds":1.000000}]}')


def test_end_in_the_future_means_up_to_as_of(client: TestClient):
    found = ask(client, f"/stores/{A}/explain", to="now")
    assert (found["ended_at"], found["is_start_cut"]) == (AS_OF, False)
    assert ask(client, f"/stores/{A}/explain", **{"from": "2026-01-01"})["is_start_cut"]
