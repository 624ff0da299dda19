"""Only finished reports in the output folder can be read."""

import os
from pathlib import Path

import pytest

from api.snapshots import open_report
from tests.api.test_snapshots import REPORT_ID

NAME = f"{REPORT_ID}.csv"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Offer an output folder with a secret in it and one beside it."""
    output = tmp_path / "output"
    output.mkdir()
    for secret in (tmp_path / NAME, output / "reports.sqlite", output / f".{NAME}.1.tmp"):
        secret.write_text("secret")
    return output


def test_report_can_be_read(output: Path):
    (output / NAME).write_text("report")
    opened = open_report(output, NAME)
    assert opened is not None
    file, size, _ = opened
    with file:
        assert (size, file.read()) == (6, b"report")


@pytest.mark.parametrize(
    "name",
    [
        "reports.sqlite",
        f".{NAME}.1.tmp",
        f"../{NAME}",
        f"..\\{NAME}",
        f"./{NAME}",
        f"..%2F{NAME}",
        f"{NAME}\0",
        "",
        ".",
        "..",
    ],
)
def test_nothing_else_can_be_read(output: Path, name: str):
    assert open_report(output, name) is None


def test_absolute_path_cannot_be_read(output: Path):
    assert open_report(output, str(output.parent / NAME)) is None


def test_link_is_not_followed(output: Path):
    (output / NAME).symlink_to(output.parent / NAME)
    assert open_report(output, NAME) is None


def test_folder_is_no_report(output: Path):
    (output / NAME).mkdir()
    assert open_report(output, NAME) is None


def test_pipe_is_no_report_and_does_not_block(output: Path):
    os.mkfifo(output / NAME)
    assert open_report(output, NAME) is None


def test_open_report_stays_the_same_when_it_is_replaced(output: Path):
    (output / NAME).write_text("report")
    opened = open_report(output, NAME)
    (output / "new").write_text("a longer report")
    (output / "new").replace(output / NAME)
    assert opened is not None
    with opened[0] as file:
        assert file.read() == b"report"


def test_each_version_has_its_own_etag(output: Path):
    etags = []
    for text in ("report", "treport"[:6]):
        (output / "new").write_text(text)
        (output / "new").replace(output / NAME)
        opened = open_report(output, NAME)
        assert opened is not None
        file, _, etag = opened
        file.close()
        etags.append(etag)
    assert etags[0] != etags[1]
