"""Models, seeds, macros and packages of an analyst's own, beside those of the project."""

import shutil
from pathlib import Path

import duckdb
import pytest

from api.settings import PROJECT
from tests.pipeline.warm_dbt import run_dbt

FILES = {
    "seeds/weights.csv": "day_of_week,weight\n0,10\n",
    "models/own/budget.sql": "select budget from read_csv('budget.csv')",
    "models/own/weights_seen.sql": "select * from {{ ref('weights') }}",
    "models/own/polls_seen.sql": "select count(*) as polls from {{ ref('int_polls') }}",
    "models/own/down.sql": """
        {{ config(materialized='ephemeral') }}
        select distinct store_id from {{ ref('period_uptime') }} where downtime_seconds > 0
    """,
    "models/own/stores_down.sql": "select count(*) as stores from {{ ref('down') }}",
    "models/own/longest.sql": """
        {{ config(materialized='table', alias='longest_outage') }}
        select max(business_seconds_lost) as seconds from {{ ref('outages') }}
    """,
    "models/own/outages_of_stores.sql": """
        select store_id, count(*) as outages from {{ ref('outages') }} group by store_id
    """,
    "models/own/numbers.sql": """
        {{ config(materialized='table') }}
        select distinct {{ own_number() }} as number, {{ var('own_var') }} as given
        from {{ ref('weekly_hours') }}
    """,
    "models/own/outages_of.sql": """
        {{ config(materialized='table_function', parameters=['which']) }}
        select * from {{ ref('outages') }} where store_id = which
    """,
    "macros/own/own_number.sql": "{% macro own_number() %}1{% endmacro %}",
    "models/own/budget_copied.sql": """
        {{ config(materialized='table') }}
        select * from {{ ref('budget') }}
    """,
    "models/own/weights_copied.sql": """
        {{ config(materialized='table') }}
        select * from {{ ref('weights') }}
    """,
    "packages.yml": "packages: [{local: shared}]",
    "dbt_packages/shared/dbt_project.yml": "name: shared",
    "dbt_packages/shared/models/of_package.sql": "select 5 as five",
    "budget.csv": "budget\n100\n",
}
OWN_TABLES = (
    "budget",
    "budget_copied",
    "longest_outage",
    "numbers",
    "of_package",
    "outages_of_stores",
    "polls_seen",
    "stores_down",
    "weights_copied",
    "weights_seen",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project that has models of its own, and was built with a var given."""
    project = tmp_path_factory.mktemp("own") / "an analyst's [own] project"
    for folder in ("api", "loader", "macros", "models", "seeds", "tests/sql"):
        shutil.copytree(PROJECT / folder, project / folder)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / file, project)
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    settings = (PROJECT / "dbt_project.yml").read_text()
    (project / "dbt_project.yml").write_text(settings.replace("vars:\n", "vars:\n  own_var: 7\n"))
    build(project, "--vars", "own_var: 8")
    return project


def build(project: Path, *options: str) -> None:
    is_built, said = run_dbt(
        ["build", "--exclude-resource-type", "unit_test", "test", *options],
        {"STORE_UPTIME_DATA": "seeds", "STORE_UPTIME_DB": "built/up.duckdb"},
        project,
    )
    assert is_built, said


def released(project: Path) -> dict[str, list[tuple]]:
    """Return the rows that the newest release has of the own models."""
    newest = max((project / "built/releases").glob("*.duckdb"))
    with duckdb.connect(str(newest), read_only=True) as release:
        return {name: release.execute(f"from {name}").fetchall() for name in OWN_TABLES}


def test_release_has_own_models_whatever_they_stand_on(project: Path) -> None:
    release = released(project)
    with duckdb.connect(str(project / "built/up.duckdb"), read_only=True) as warehouse:
        polls = warehouse.execute("select count(*) from intermediate.int_polls").fetchall()
        stores = warehouse.execute(
            "select count(distinct store_id) from period_uptime where downtime_seconds > 0"
        ).fetchall()
    assert release["budget"] == [(100,)]
    assert release["weights_seen"] == [(0, 10)]
    assert release["polls_seen"] == polls
    assert release["stores_down"] == stores
    assert release["longest_outage"][0][0] > 0
    assert release["outages_of_stores"]
    assert release["numbers"] == [(1, 8)]
    assert release["of_package"] == [(5,)]


def test_what_own_models_read_is_read_again_once_it_changes(project: Path) -> None:
    (project / "budget.csv").write_text("budget\n200\n")
    (project / "seeds/weights.csv").write_text("day_of_week,weight\n0,20\n")
    (project / "macros/own/own_number.sql").write_text("{% macro own_number() %}2{% endmacro %}")
    build(project)
    release = released(project)
    assert release["budget_copied"] == [(200,)]
    assert release["weights_copied"] == [(0, 20)]
    assert release["numbers"] == [(2, 7)]
