"""Logs as lines of JSON on standard error."""

import json
import logging
import sys
import time
from collections import Counter

from api.instants import now

# What uvicorn says of each connection that it refuses.
_REFUSALS = (
    "Exceeded concurrency limit.",
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
)
_REFUSALS_SECONDS = 60.0


class FewRefusals(logging.Filter):
    """Lets one line of the log tell of all connections refused for a reason within a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._until: dict[str, float] = {}
        self._more: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.msg
        if said not in _REFUSALS:
            return True
        if time.monotonic() < self._until.get(said, 0):
            self._more[said] += 1
            return False
        self._until[said] = time.monotonic() + _REFUSALS_SECONDS
        if more := self._more.pop(said, 0):
            record.msg = f"{said} So were {more} others since it was said last."
        return True


def line(event: str, level: str, **said: object) -> str:
    return json.dumps({"event": event, **said, "level": level, "timestamp": now()}) + "\n"


class Lines(logging.StreamHandler):
    """Writes lines of JSON; what a record has as `said` stands beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        said = {"logger": record.name, **getattr(record, "said", {})}
        if record.exc_info:
            said["exception"] = logging.Formatter().formatException(record.exc_info)
        return line(record.getMessage(), record.levelname.lower(), **said)


def configure() -> None:
    """Have all logs of this process, its libraries' included, written as JSON."""
    lines = Lines(sys.stderr)
    lines.terminator = ""
    logging.basicConfig(level=logging.INFO, handlers=[lines], force=True)
    logging.getLogger("uvicorn.error").addFilter(FewRefusals())
