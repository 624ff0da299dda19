"""`python -m api`: help, a report, a shell."""

import os
import subprocess
import sys

import duckdb
import pytest

from api import __main__ as commands
from api.access import Access
from api.builds import BuildError
from api.reports import Reports
from api.settings import PROJECT, Settings
from tests.api.fakes import AS_OF, FakeBuilder, csv_of, polls_of, publish


@pytest.fixture
def _in_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the settings where the commands look for them."""
    for name, value in settings.model_dump().items():
        monkeypatch.setenv(f"STORE_UPTIME_{name.upper()}", str(value))


@pytest.fixture
def _without_dbt(
    builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch, _in_environment: None
) -> None:
    monkeypatch.setattr(commands, "one_builder", lambda _: builder)


def sql(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", "sql", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_commands_and_settings(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        commands.main(["--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for name in ("serve", "report", "publish", "sql", "tokens", "audit"):
        assert f"\n    {name} " in text
    for name, field in Settings.model_fields.items():
        assert f"STORE_UPTIME_{name.upper()}={field.default}\n      {field.description}" in text


@pytest.mark.usefixtures("_without_dbt")
def test_report_says_what_it_wrote(
    settings: Settings, builder: FakeBuilder, capsys: pytest.CaptureFixture[str]
):
    (settings.data / "store_status.csv").write_text(polls_of(*"fedcba"))
    commands.main(["report"])
    path = settings.output / "store_report.csv"
    assert path.read_text() == csv_of("a", "b", "c", "d", "e", "f")
    assert capsys.readouterr().out == (
        f"Building from {settings.data} …\n"
        f"Wrote {path}: 6 stores, as of {AS_OF}.\n"
        "Rejected input rows: 1 bad_time.\n"
        "\n" + csv_of("a", "b", "c", "d", "e")
    )


@pytest.mark.usefixtures("_without_dbt")
def test_report_says_what_is_to_be_said_of_the_inputs(
    settings: Settings, capsys: pytest.CaptureFixture[str]
):
    for name in ("store_status_2.xlsx", "Time zones.csv", "notes.csv"):
        (settings.data / name).touch()
    commands.main(["report"])
    assert capsys.readouterr().out.splitlines()[3:5] == [
        f"{settings.data}/store_status_2.xlsx was not read: it is a workbook; "
        "save its sheet as CSV.",
        f"{settings.data}/Time zones.csv was not read: is it meant as timezones*.csv?",
    ]


@pytest.mark.usefixtures("_without_dbt")
def test_report_says_so_much_of_the_inputs_and_counts_the_rest(
    settings: Settings, capsys: pytest.CaptureFixture[str]
):
    for number in range(22):
        (settings.data / f"store_status_{number}.xlsx").touch()
    commands.main(["report"])
    said = capsys.readouterr().out.splitlines()
    assert said[23:25] == ["The table input_notes has 2 more.", ""]


@pytest.mark.usefixtures("_without_dbt")
def test_folder_that_cannot_be_made_is_one_sentence(
    settings: Settings, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STORE_UPTIME_OUTPUT", str(settings.data / "store_status.csv" / "output"))
    with pytest.raises(SystemExit) as ended:
        commands.main(["report"])
    assert "Not a directory" in str(ended.value.code)
    assert builder.builds == 0


@pytest.mark.usefixtures("_in_environment")
def test_second_service_on_the_same_folder_is_one_sentence(settings: Settings):
    settings.output.mkdir(exist_ok=True)
    record = Reports(settings.output)
    with pytest.raises(SystemExit) as ended:
        commands.main(["serve"])
    record.close()
    assert ended.value.code == f"Error: Another service already works in {settings.output}."


@pytest.mark.usefixtures("_in_environment")
@pytest.mark.parametrize(
    ("expires", "said"),
    [
        ("2020-01-01", "that is past."),
        ("0001-01-01T00:00+14:00", "days such as 30d, or a date such as 2030-12-31, are accepted."),
        ("soon", "days such as 30d, or a date such as 2030-12-31, are accepted."),
    ],
)
def test_token_needs_an_end_to_come(expires: str, said: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        commands.main(["tokens", "create", "n", "--scope", "read", "--expires", expires])
    assert ended.value.code == f"Error: --expires {expires}: {said}"
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("_in_environment")
@pytest.mark.parametrize("store", ["", " "])
def test_token_is_for_no_store_without_an_id(
    settings: Settings, store: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        commands.main(
            ["tokens", "create", "n", "--scope", "read", "--store", "a", "--store", store]
        )
    assert ended.value.code == (
        f"Error: --store {store!r}: the id of a store is expected; "
        "without --store the token is for all."
    )
    assert capsys.readouterr().out == ""
    assert Access(settings.output).tokens() == []


@pytest.mark.usefixtures("_without_dbt")
def test_report_builds_each_time(settings: Settings, builder: FakeBuilder):
    commands.main(["report"])
    commands.main(["report"])
    assert builder.builds == 2
    assert builder.is_finished


@pytest.mark.usefixtures("_without_dbt")
def test_failed_report_is_one_sentence(builder: FakeBuilder):
    def fail() -> None:
        raise BuildError("Missing column status in store_status.csv.")

    builder.meanwhile = fail
    with pytest.raises(SystemExit) as ended:
        commands.main(["report"])
    # A text as exit code is printed to standard error, and the code is 1.
    assert ended.value.code == "Error: Missing column status in store_status.csv."


@pytest.mark.usefixtures("_without_dbt")
def test_report_without_room_for_its_file_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    def write_report(*_: object) -> int:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr(commands, "write_report", write_report)
    with pytest.raises(SystemExit) as ended:
        commands.main(["report"])
    assert ended.value.code == "Error: IO Error: Could not write file: No space left on device"


def test_unusable_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORE_UPTIME_DATA", "/no/such/folder")
    with pytest.raises(SystemExit) as ended:
        commands.main(["report"])
    assert ended.value.code == ("Error: STORE_UPTIME_DATA=/no/such/folder: there is no such folder")


@pytest.mark.usefixtures("_in_environment")
def test_sql_opens_the_newest_release(settings: Settings):
    publish(settings)
    shell = sql("-csv", "-c", "select store_id from store_report_minutes")
    assert (shell.stdout.split(), shell.stderr) == (["store_id", "a"], "")


@pytest.mark.usefixtures("_in_environment")
def test_sql_compares_instants_in_utc_wherever_it_runs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    publish(settings)
    monkeypatch.setenv("TZ", "America/New_York")
    noon = "timestamp '2026-01-01 12:00' = timestamptz '2026-01-01 12:00:00+00' as is_noon"
    shell = sql("-csv", "-c", f"select {noon}")
    assert shell.stdout.split() == ["is_noon", "true"]


@pytest.mark.usefixtures("_in_environment")
def test_sql_cannot_change_the_release(settings: Settings):
    publish(settings)
    shell = sql("-c", "delete from store_report_minutes")
    assert shell.returncode != 0
    assert "read-only" in shell.stderr


@pytest.mark.usefixtures("_in_environment")
def test_sql_without_a_release_is_one_sentence():
    shell = sql()
    assert (shell.returncode, shell.stderr) == (
        1,
        "Error: There is no release yet: no build has succeeded so far.\n",
    )
    assert "STORE_UPTIME_DB" in os.environ
