"""Logs as lines of JSON on standard error."""

import logging
import sys
import time
from collections import Counter

import structlog

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


def configure() -> None:
    """Have all logs of this process, its libraries' included, written as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").addFilter(FewRefusals())
