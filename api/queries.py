"""How many queries run at once, and how long each may take."""

import asyncio
import os
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import duckdb

# So many queries wait: of one kind of question of one client, of one client, and in all.
_WAITING_EACH_MAX = 8
_WAITING_CLIENT_MAX = 16
_WAITING_MAX = 64


class TooSlowError(Exception):
    """A query was interrupted because it took too long."""


class BusyError(Exception):
    """All places are taken, and so many queries wait for one that no more may."""


class Places:
    """Places for queries, as many as there are cores; whoever finds none waits in a short queue.

    Places go round the clients in turn, and round the questions of each, so that a client that
    sends many, or many of one that takes long, delays the others by one query only. It is for one
    event loop.
    """

    def __init__(self, places: int | None = None) -> None:
        """Have so many places, one for each core unless said otherwise."""
        self._free = places or len(os.sched_getaffinity(0))
        # One client leaves a place to the others, if there are two or more.
        self._each_max = max(1, self._free - 1)
        self._running: Counter[str] = Counter()
        self._waiting: OrderedDict[tuple[str, str], deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def take(self, client: str, question: str) -> AsyncIterator[None]:
        """Wait for a place and keep it meanwhile; raises BusyError if too many wait already."""
        await self._wait(client, question)
        try:
            yield
        finally:
            self._leave(client)

    async def _wait(self, client: str, question: str) -> None:
        if not self._waiting and self._may_run(client):
            self._enter(client)
            return
        waiting = {key: len(queue) for key, queue in self._waiting.items()}
        of_client = sum(number for (other, _), number in waiting.items() if other == client)
        if (
            waiting.get((client, question), 0) >= _WAITING_EACH_MAX
            or of_client >= _WAITING_CLIENT_MAX
            or sum(waiting.values()) >= _WAITING_MAX
        ):
            raise BusyError("More queries are waiting than the service can answer soon.")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((client, question), deque()).append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(client)
            else:
                self._let_in()
            raise

    def _may_run(self, client: str) -> bool:
        return self._free > 0 and self._running[client] < self._each_max

    def _enter(self, client: str) -> None:
        self._free -= 1
        self._running[client] += 1

    def _leave(self, client: str) -> None:
        self._free += 1
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        self._let_in()

    def _let_in(self) -> None:
        """Give the places that are free to those that wait, each kind of question in turn."""
        for key in list(self._waiting):
            queue = self._waiting[key]
            # Whoever has gone waits no more.
            while queue and queue[0].done():
                queue.popleft()
            if queue and self._may_run(key[0]):
                self._enter(key[0])
                queue.popleft().set_result(None)
                self._waiting.move_to_end(key)
            if not queue:
                del self._waiting[key]


@contextmanager
def limited(
    connection: duckdb.DuckDBPyConnection,
    seconds: float,
    setting: str = "STORE_UPTIME_QUERY_TIMEOUT_SECONDS",
) -> Iterator[None]:
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
            f"The query was ended after {seconds:g} seconds, the most that {setting} allows."
        ) from None
    finally:
        timer.cancel()
