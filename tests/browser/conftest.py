"""The sample's pages in a real browser, from a service that is started once."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from api.access import Access
from api.main import create_app
from api.settings import Settings
from tests.api.fakes import AS_OF, FakeBuilder, point_to
from tests.pipeline.conftest import build, sample_warehouse

__all__ = ["build", "sample_warehouse"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
# The first three are for those who run as root, or without a screen.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEADLINE_SECONDS = 30


class Site:
    """The service on a release, in a thread of this process, on folders of its own."""

    def __init__(self, folder: Path, release: Path | None) -> None:
        for name in ("data", "warehouse/releases"):
            (folder / name).mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.settings = Settings(
            data=folder / "data",
            db=folder / "warehouse" / "store_uptime.duckdb",
            output=folder / "output",
            port=port,
        )
        self.root = f"http://127.0.0.1:{port}/"
        self.url = f"{self.root}ui/"
        if release is not None:
            self.publish(release)
        self.builder = FakeBuilder(self.settings)
        self.app = create_app(self.settings, self.builder)
        config = uvicorn.Config(self.app, port=port, log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        wait_until(lambda: self._server.started)

    def publish(self, release: Path, as_of: str = AS_OF) -> Path:
        """Make a copy of a release the newest, under a name of its own."""
        folder = self.settings.db.parent / "releases"
        copy = folder / f"{len([*folder.iterdir()])}-{release.name}"
        shutil.copy(release, copy)
        point_to(copy, self.settings.db, datetime.now(UTC), as_of=as_of)
        return copy

    @property
    def access(self) -> Access:
        return self.app.state.access

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(DEADLINE_SECONDS)


@dataclass
class Visit:
    """A page in a browser, and what went wrong in it."""

    page: Page
    site: Site
    errors: list[str] = field(default_factory=list)
    # What the console may say of answers that are no pages.
    expected: list[str] = field(default_factory=list)

    def go(self, path: str = "", status: int = 200) -> "Visit":
        """Open one of the pages; its answer has this status."""
        self.expect(status)
        response = self.page.goto(self.site.url + path)
        assert response is not None and response.status == status, path
        return self

    def expect(self, status: int) -> None:
        if status >= 400:
            self.expected.append(f"status of {status} (")

    @property
    def faults(self) -> list[str]:
        """Return what went wrong and was not expected."""
        return [error for error in self.errors if not any(said in error for said in self.expected)]

    def texts(self, selector: str) -> list[str]:
        """Return the texts of what is shown, with plain blanks."""
        found = self.page.locator(selector).all_inner_texts()
        return [" ".join(each.split()) for each in found]

    def text(self, selector: str) -> str:
        [found] = self.texts(selector)
        return found


Open = Callable[..., Visit]


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.fixture(scope="session")
def chromium() -> str:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; `apt-get install chromium` has the pages tested.")
    return CHROMIUM


# For one file: other tests of the same process cannot run an event loop beside Playwright's.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sample_release(chromium: str, sample_warehouse: Path) -> Path:
    """Offer the release of the sample; without a browser nothing is built."""
    [release] = (sample_warehouse.parent / "releases").glob("*.duckdb")
    return release


@pytest.fixture(scope="session")
def site(sample_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Offer the pages of the sample."""
    site = Site(tmp_path_factory.mktemp("site"), sample_release)
    yield site
    site.close()


@pytest.fixture
def new_site(browser: Browser, tmp_path: Path) -> Iterator[Callable[[Path | None], Site]]:
    """Offer a service of a test's own, on a release or none."""
    sites: list[Site] = []

    def start(release: Path | None) -> Site:
        sites.append(Site(tmp_path / f"site{len(sites)}", release))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


def new_visit(browser: Browser, site: Site, **options: Any) -> Visit:
    """Return a page in a browser of its own, of which it is noted what goes wrong."""
    return visit_in(browser.new_context(**options), site)


def visit_in(context: BrowserContext, site: Site) -> Visit:
    """Return another page of a browser."""
    context.set_default_timeout(DEADLINE_SECONDS * 1000)
    visit = Visit(context.new_page(), site)

    def note(message: Any) -> None:
        if message.type in ("error", "warning"):
            visit.errors.append(message.text)

    def note_elsewhere(request: Any) -> None:
        if not request.url.startswith(site.root):
            visit.errors.append(f"elsewhere: {request.url}")

    visit.page.on("console", note)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("request", note_elsewhere)
    return visit


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Offer `open_page(site, …)`, a browser of its own; at the end nothing went wrong in it."""
    visits: list[Visit] = []

    def open_it(site: Site, **options: Any) -> Visit:
        visits.append(new_visit(browser, site, **options))
        return visits[-1]

    yield open_it
    for visit in visits:
        visit.page.context.close()
    assert [visit.faults for visit in visits] == [[] for _ in visits]
