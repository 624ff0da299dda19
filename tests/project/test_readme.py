"""The README's commands run, and what it and the pages of questions show is real."""

import os
import re
import subprocess
import sys

import pytest

from api.settings import PROJECT, Settings

README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = README + (PROJECT / "docs" / "questions.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", PAGES, re.DOTALL)
ASKED = "-- the next question"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return settings that keep what is built out of the checkout."""
    folder = tmp_path_factory.mktemp("readme")
    return os.environ | {
        "STORE_UPTIME_DATA": "seeds",
        "STORE_UPTIME_DB": str(folder / "store_uptime.duckdb"),
        "STORE_UPTIME_OUTPUT": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }


@pytest.fixture(scope="module")
def report(environment: dict[str, str]) -> str:
    """Build the sample and return what `make report` prints."""
    return run(["-m", "api", "report"], environment)


def test_every_question_has_an_answer() -> None:
    assert QUESTIONS
    assert len(QUESTIONS) == PAGES.count("```sql")
    # One shell is asked them all; none may leave anything to the next.
    assert all(question.startswith("select") for question, _ in QUESTIONS)


@pytest.fixture(scope="module")
def answers(report: str, environment: dict[str, str]) -> list[str]:
    """Ask all questions in the shell that `make sql` opens, and return what it shows of each."""
    assert report
    asked = "".join(f".print {ASKED}\n{question}\n" for question, _ in QUESTIONS)
    # What is wrong with a question stands in place of its answer.
    shell = subprocess.run(
        [sys.executable, "-m", "api", "sql"],
        cwd=PROJECT,
        env=environment,
        input=asked,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    nothing, *shown = shell.stdout.split(f"{ASKED}\n")
    assert nothing == ""
    return shown


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_questions_have_the_answers_shown(number: int, answers: list[str]) -> None:
    assert len(answers) == len(QUESTIONS)
    assert answers[number] == QUESTIONS[number][1]


def test_report_prints_what_is_shown(report: str, environment: dict[str, str]) -> None:
    expected = re.search(r"```text\n(Building.*?)```", README, re.DOTALL)
    assert expected
    assert report.replace(environment["STORE_UPTIME_OUTPUT"], "output") == expected[1]


def test_settings_that_are_named_exist() -> None:
    pages = README + (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
    named = {name.lower() for name in re.findall(r"STORE_UPTIME_(\w+)", pages)}
    assert named >= {"data", "db", "output", "host", "port"}
    assert named <= set(Settings.model_fields)


def test_every_endpoint_is_named() -> None:
    from api.main import app

    page = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:127\.0\.0\.1:8000|`)(/[^\s\"'?`|]*)", page))
    paths = app.openapi()["paths"]
    assert paths
    for path in paths:
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        assert any(pattern.fullmatch(each) for each in named), path


def test_every_command_of_the_makefile_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    contributing = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"`(?:\S+ )?make ([a-z0-9-]+)`", README + contributing))
    assert commands >= {"report", "serve", "sql", "test", "bench", "docs"}
    assert commands >= {"test-duckdb1", "test-dbt2"}
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


def run(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    ).stdout
