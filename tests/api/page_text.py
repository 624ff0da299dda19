"""What a reader sees of a page: its text, and the rows of its lists."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from fastapi.testclient import TestClient

_IN_LINE = ("a", "b", "small", "span", "time", "strong", "em", "code", "kbd")
_NOT_SEEN = ("script", "style", "title", "svg", "noscript")


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.rows: list[list[str]] = []
        self.links: dict[str, str] = {}
        self._hidden = 0
        self._href: str | None = None
        self._said = ""
        self._is_body = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in _NOT_SEEN:
            self._hidden += 1
        elif tag == "tbody":
            self._is_body = True
        elif tag == "tr" and self._is_body:
            self.rows.append([])
        elif tag in ("td", "th") and self._is_body:
            self.rows[-1].append("")
        elif tag == "a":
            self._href, self._said = said.get("href"), ""
        if tag not in _IN_LINE or tag == "small":
            self._add(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _NOT_SEEN:
            self._hidden -= 1
        elif tag == "tbody":
            self._is_body = False
        elif tag == "a" and self._href is not None:
            self.links[_plain(self._said)] = self._href
            self._href = None
        if tag not in _IN_LINE:
            self._add(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._add(data)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self._said += text
        if self._is_body and self.rows and self.rows[-1]:
            self.rows[-1][-1] += text


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _seen(html: str) -> _Seen:
    seen = _Seen()
    seen.feed(html[html.index("<main") : html.index("</main>")])
    return seen


def text_of(html: str) -> str:
    """Return the text of a page's main part."""
    return _plain("".join(_seen(html).parts))


def rows_of(html: str) -> list[list[str]]:
    """Return the cells of the rows of all its lists."""
    return [[_plain(cell) for cell in row] for row in _seen(html).rows]


def links_of(html: str) -> dict[str, str]:
    """Return where its links lead, by their text."""
    return _seen(html).links


def tiles_of(html: str) -> Iterator[tuple[str, int]]:
    """Give out the counts on top with their words."""
    for word, number in re.findall(
        r'<a class="tile[^>]*>.*?<b>([\d,]+)</b> <span>(.*?)</span>', html
    ):
        yield number, int(word.replace(",", ""))


def page(client: TestClient, path: str) -> str:
    """Return a page that is there."""
    response = client.get(f"/ui/{path}")
    assert response.status_code == 200, response.text
    return response.text


def parts_of(client: TestClient, path: str) -> Iterator[str]:
    """Yield the pages of a list, one part after the other."""
    html = page(client, path)
    yield html
    while "Next" in links_of(html):
        html = page(client, links_of(html)["Next"])
        yield html


def all_rows(client: TestClient, path: str) -> list[list[str]]:
    """Return the rows of all parts of a list."""
    return [row for html in parts_of(client, path) for row in rows_of(html)]
