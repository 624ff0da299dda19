"""What all tests share: order, work that is done once, and no settings of the shell around them."""

import fcntl
import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from api.settings import Settings

# Settings of the shell name other folders. Tests set what they need.
SETTINGS = {f"STORE_UPTIME_{name.upper()}" for name in Settings.model_fields}

for name in [*os.environ]:
    if name in SETTINGS or name.startswith("DBT_"):
        del os.environ[name]

# Files that build or start a service many times begin first, so that the workers end together.
LONGEST_FIRST = (
    "test_incremental.py",
    "test_dbt_use.py",
    "test_service.py",
    "test_everywhere.py",
    "test_reference.py",
    "test_models.py",
    "test_reference_marts.py",
    "test_tables.py",
    "test_load.py",
    "test_dirty_inputs.py",
    "test_policies.py",
    "test_http_examples.py",
    "test_kills.py",
    "test_functions.py",
    "test_contract.py",
    "test_build_worker.py",
    "test_report_list.py",
    "test_own_models.py",
    "test_readme.py",
    "test_table_files.py",
    "test_endpoints.py",
)

# Of tests that do things at random.
_first, _, _last = os.environ.get("STORE_UPTIME_TEST_SEEDS", "0").partition("-")
SEEDS = range(int(_first), int(_last or _first) + 1)

Once = Callable[[str, Callable[[], Any]], Any]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; all else stays in its order."""
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what is packed has the second in it, and workers must agree."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Offer `once(name, work)`: the first worker to ask does the work, and all get its result."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent

    def result_of(name: str, work: Callable[[], Any]) -> Any:
        result = folder / f"{name}.pickle"
        with result.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not result.exists():
                result.write_bytes(pickle.dumps(work()))
        return pickle.loads(result.read_bytes())

    return result_of
