"""What one build tells of other policies is what builds under those policies tell."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.warm_dbt import run_dbt

SAMPLE = Path(__file__).parents[2] / "seeds"
COLUMNS = """
    store_id, business_seconds, uptime_seconds, downtime_seconds, unknown_seconds, excluded_seconds,
    uptime_seconds_min, uptime_seconds_max, uptime_ratio
"""
EXCLUSIONS = """store_id,from,to,reason,author
*,2026-03-07 15:00,2026-03-07 18:30,maintenance,
1000000000000000023,2026-03-08 16:00,2026-03-09 17:00:00.5,before and after the first poll,
1000000000000000026,2026-03-06 12:00,2026-03-07 16:00,nobody polled,
"""

# The vars of a build, and policies that it compares.
CASES: list[tuple[dict[str, Any], list[tuple[str, int | None]]]] = [
    ({}, [("unknown", 4), ("inactive", 24)]),
    (
        {"max_poll_gap": 1, "exclusions": "count_up", "status_when_never_polled": "inactive"},
        [("active", None), ("first_known", 2)],
    ),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offer the sample, with time to exclude."""
    data = tmp_path_factory.mktemp("data")
    for name in ("store_status", "business_hours", "timezones"):
        shutil.copy(SAMPLE / f"{name}.csv", data)
    (data / "exclusions.csv").write_text(EXCLUSIONS)
    return data


@pytest.mark.parametrize(("variables", "policies"), CASES)
def test_policies_are_told_as_builds_tell_them(
    build, data: Path, variables: dict[str, Any], policies: list[tuple[str, int | None]]
) -> None:
    built = build(data, "policy_comparison", **variables)
    with duckdb.connect(str(built), read_only=True) as connection:
        compared = {
            policy: connection.execute(
                f"""
                select {COLUMNS} from policy_comparison
                where status_before_first_poll = ? and max_poll_gap_hours is not distinct from ?
                order by store_id
                """,
                policy,
            ).fetchall()
            for policy in policies
        }
    for (before, gap), rows in compared.items():
        chosen = {"status_before_first_poll": before, "max_poll_gap": gap}
        built = build(data, "period_uptime", **variables | chosen)
        with duckdb.connect(str(built), read_only=True) as connection:
            expected = connection.execute(
                f"select {COLUMNS} from period_uptime where period = 'last_week' order by store_id"
            ).fetchall()
        assert len(expected) > 50
        assert rows == expected


def test_an_instant_without_quotes_is_an_instant(data: Path, tmp_path: Path) -> None:
    """YAML makes no text of it."""
    db = tmp_path / "store_uptime.duckdb"
    has_succeeded, said = run_dbt(
        ["seed", "--vars", "{as_of: 2026-03-10 12:00:00}"],
        {
            "STORE_UPTIME_DATA": str(data),
            "STORE_UPTIME_DB": str(db),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
        },
    )
    assert has_succeeded, said
    with duckdb.connect(str(db), read_only=True) as built:
        named = built.execute("select make_timestamp(named_as_of_us) from build.run").fetchall()
    assert named == [(datetime(2026, 3, 10, 12),)]
