"""How many queries run at once, and how long each may take."""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from weakref import WeakValueDictionary

import duckdb

from api.errors import BusyError, RefusalError

# So many queries wait: of one kind of question of one client, of one client, and in all.
_WAITING_MAX = (8, 16, 64)
_INTERRUPT_SECONDS = 0.05


class TooSlowError(RefusalError):
    """A query was interrupted because it took too long."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, said: str) -> None:
        super().__init__(f"{said} Ask for a shorter window or fewer stores.")


class Places:
    """Places for queries, as many as there are cores; whoever finds none waits in a short queue.

    A client, and a kind of question of a client, has all places but one at most, and stands in the
    queue with no more: so a client that sends many, or many of one that takes long, delays the
    others by few queries only. It is for one event loop.
    """

    def __init__(self, places: int | None = None) -> None:
        """Have so many places, one for each core unless said otherwise."""
        places = places or len(os.sched_getaffinity(0))
        self._all = asyncio.Semaphore(places)
        self._each_max = max(1, places - 1)
        self._of_each: WeakValueDictionary[tuple[str, ...], asyncio.Semaphore] = (
            WeakValueDictionary()
        )
        self._waiting: Counter[tuple[str, ...]] = Counter()

    @asynccontextmanager
    async def take(self, client: str, question: str) -> AsyncIterator[None]:
        """Wait for a place and keep it meanwhile; raises BusyError if too many wait already."""
        keys = ((client, question), (client,), ())
        if any(self._waiting[key] >= most for key, most in zip(keys, _WAITING_MAX, strict=True)):
            raise BusyError("More queries are waiting than the service can answer soon.")
        turns = [
            self._of_each.setdefault(key, asyncio.Semaphore(self._each_max)) for key in keys[:2]
        ]
        async with AsyncExitStack() as taken:
            self._waiting.update(keys)
            try:
                for turn in (*turns, self._all):
                    await taken.enter_async_context(turn)
            finally:
                self._waiting.subtract(keys)
            yield


@contextmanager
def limited(
    connection: duckdb.DuckDBPyConnection,
    seconds: float,
    setting: str = "STORE_UPTIME_QUERY_TIMEOUT_SECONDS",
) -> Iterator[None]:
    """Interrupt what runs on the connection after so many seconds, with a TooSlowError."""
    is_late, is_done = threading.Event(), threading.Event()

    def interrupt() -> None:
        is_done.wait(seconds)
        # What is between two statements is not interrupted by one call.
        while not is_done.is_set():
            is_late.set()
            connection.interrupt()
            is_done.wait(_INTERRUPT_SECONDS)

    watch = threading.Thread(target=interrupt, daemon=True)
    watch.start()
    try:
        yield
    except duckdb.Error:
        if not is_late.is_set():
            raise
        raise TooSlowError(
            f"The query was ended after {seconds:g} seconds, the most that {setting} allows."
        ) from None
    finally:
        is_done.set()
        watch.join()
