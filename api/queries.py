"""Queries that take too long are ended."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


class TooSlowError(Exception):
    """A query was interrupted because it took too long."""


@contextmanager
def limited(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what runs on the connection after so many seconds, with a TooSlowError."""

    def interrupt() -> None:
        # The connection may have been closed just now.
        with suppress(duckdb.Error):
            connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException:
        raise TooSlowError(
            f"The query was ended after {seconds:g} seconds, the most that "
            "STORE_UPTIME_QUERY_TIMEOUT_SECONDS allows."
        ) from None
    finally:
        timer.cancel()
