"""Settings come from the environment and are checked before anything starts."""

import pytest

from api.settings import PROJECT, Settings, SettingsError, read_settings, unknown_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"STORE_UPTIME_{name.upper()}", raising=False)


def test_default_paths_lie_in_the_project():
    settings = read_settings()
    assert (settings.data, settings.db, settings.output) == (
        PROJECT / "seeds",
        PROJECT / "warehouse" / "store_uptime.duckdb",
        PROJECT / "output",
    )


def test_relative_path_starts_at_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("STORE_UPTIME_OUTPUT", "reports")
    assert read_settings().output == PROJECT / "reports"


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORE_UPTIME_DATA", "")
    assert read_settings().data == PROJECT / "seeds"


def test_error_names_each_variable_and_its_value(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORE_UPTIME_DATA", "/no/such/folder")
    monkeypatch.setenv("STORE_UPTIME_DB", "warehouse/uptime.db")
    monkeypatch.setenv("STORE_UPTIME_PORT", "http")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert str(raised.value).splitlines() == [
        "STORE_UPTIME_DATA=/no/such/folder: there is no such folder",
        "STORE_UPTIME_DB=warehouse/uptime.db: a name that ends in .duckdb is expected",
        "STORE_UPTIME_PORT=http: Input should be a valid integer, "
        "unable to parse string as an integer",
    ]


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    "name", ["WINDOW_DAYS_MAX", "BUILD_TIMEOUT_SECONDS", "QUERY_TIMEOUT_SECONDS"]
)
def test_what_no_timer_can_count_is_refused(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(f"STORE_UPTIME_{name}", "inf")
    with pytest.raises(SettingsError, match=f"STORE_UPTIME_{name}=inf: .* less than or equal to"):
        read_settings()


@pytest.mark.parametrize("value", ["lots", "5", "4PB"])
def test_memory_limit_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("STORE_UPTIME_MEMORY_LIMIT", value)
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert str(raised.value) == (
        f"STORE_UPTIME_MEMORY_LIMIT={value}: a size such as 4GB or 500MiB is expected"
    )


@pytest.mark.parametrize("value", ["4GB", "500MiB", "1.5 TB"])
def test_memory_limit_is_what_duckdb_takes(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("STORE_UPTIME_MEMORY_LIMIT", value)
    assert read_settings().memory_limit == value


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "STORE_UPTIME_PORTT",
            ["There is no setting STORE_UPTIME_PORTT; is STORE_UPTIME_PORT meant?"],
        ),
        (
            "STOREUPTIME_DATA",
            ["There is no setting STOREUPTIME_DATA; is STORE_UPTIME_DATA meant?"],
        ),
        (
            "STORE_UPTIME_COLOUR",
            ["There is no setting STORE_UPTIME_COLOUR: `python -m api --help` lists all."],
        ),
        (
            "STORE_UPTIME_SPARK_MASTR",
            ["There is no setting STORE_UPTIME_SPARK_MASTR; is STORE_UPTIME_SPARK_MASTER meant?"],
        ),
        ("STORE_UPTIME_SPARK_MASTER", []),
        ("STORE_UPTIME_PORT", []),
        ("store_uptime_port", []),
        ("HOME", []),
    ],
)
def test_variable_that_is_no_setting_is_named(name: str, said: list[str]):
    assert unknown_settings(["PATH", name]) == said
