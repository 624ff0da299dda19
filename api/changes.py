"""Waiting on the event loop for what other threads change."""

import asyncio
from contextlib import suppress


class Changes:
    """Tells whoever waits that something has changed; made on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Future[None] = self._loop.create_future()
        self._is_closed = False

    def tell(self) -> None:
        """Wake all who wait, from any thread."""
        with suppress(RuntimeError):
            # The loop may have ended.
            self._loop.call_soon_threadsafe(self._wake)

    async def wait(self, until: float) -> bool:
        """Wait for a change, at most until this time of the loop; False if there was none."""
        left = until - self._loop.time()
        if left <= 0 or self._is_closed:
            return False
        await asyncio.wait([self._next], timeout=left)
        return True

    def until(self, seconds: float) -> float:
        """Return the time of the loop that comes in so many seconds."""
        return self._loop.time() + seconds

    def close(self) -> None:
        """Let nobody wait any more, from any thread or signal."""
        self._is_closed = True
        with suppress(RuntimeError):
            # The loop may have ended.
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._next.set_result(None)
        self._next = self._loop.create_future()
