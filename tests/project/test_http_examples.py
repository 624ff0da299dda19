"""The examples of the HTTP API are answered, run one after the other as they are written."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import PROJECT
from tests.api.services import Service

PAGES = ("README.md", "docs/http.md")
WRITTEN_URL = "http://127.0.0.1:8000"
DEADLINE_SECONDS = 120

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl")


class Shell:
    """A shell that keeps its variables, in a folder of its own; a request that fails ends it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.run('curl() { command curl --fail -sS "$@"; }')
        self.run("set -e -o pipefail")

    def run(self, command: str) -> str:
        """Run a command and return what it printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{command}\necho; echo done\n")
        self._shell.stdin.flush()
        printed = []
        for line in self._shell.stdout:
            if line == "done\n":
                return "".join(printed)
            printed.append(line)
        pytest.fail(f"{command}\n{''.join(printed)}")

    def close(self) -> None:
        self._shell.kill()
        self._shell.communicate()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[tuple[Shell, str]]:
    """Offer a shell, and the URL of a service on the sample, into which may be written."""
    for name in ("data", "seeds"):
        shutil.copytree(PROJECT / "seeds", tmp_path / name)
    service = Service(tmp_path)
    # The commands run outside of the checkout.
    shell = Shell(tmp_path, service.environment | {"PYTHONPATH": str(PROJECT)})
    try:
        yield shell, f"http://127.0.0.1:{service.port}"
    finally:
        shell.close()
        service.stop()


def test_examples_are_answered(shell: tuple[Shell, str]) -> None:
    bash, url = shell
    # Those of the README first: behind the last of the other page a token is needed.
    pages = "".join((PROJECT / page).read_text(encoding="utf-8") for page in PAGES)
    blocks = [
        block for block in re.findall(r"```sh\n(.*?)```", pages, re.DOTALL) if "curl" in block
    ]
    commands = [line for block in blocks for line in block.splitlines()]
    assert commands
    for command in commands:
        here = command.replace(WRITTEN_URL, url).replace(".venv/bin/python", sys.executable)
        printed = bash.run(here)
        if "/get_report" in command:
            give_up_at = time.monotonic() + DEADLINE_SECONDS
            while "Running" in printed:
                assert time.monotonic() < give_up_at
                time.sleep(0.2)
                printed = bash.run(here)
            assert "Failed" not in printed
