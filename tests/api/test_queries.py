"""Queries take turns, and no more wait than can be answered soon."""

import asyncio
from collections.abc import Callable

from api.answers import Places
from api.errors import BusyError


class Crowd:
    """Clients that keep a place until they are told to leave it."""

    def __init__(self, places: int) -> None:
        self.places = Places(places)
        self.inside: list[str] = []
        self._doors: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str) -> None:
        """Have these come, each `client/question/number`."""
        for name in names:
            self._doors[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._stay(name))
            await asyncio.sleep(0)

    async def leave(self, name: str) -> None:
        self._doors[name].set()
        await self._tasks[name]
        await asyncio.sleep(0)

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await asyncio.sleep(0)

    def refused(self) -> list[str]:
        return [
            name
            for name, task in self._tasks.items()
            if task.done() and not task.cancelled() and isinstance(task.exception(), BusyError)
        ]

    async def _stay(self, name: str) -> None:
        client, question, _ = name.split("/")
        async with self.places.take(client, question):
            self.inside.append(name)
            await self._doors[name].wait()
        self.inside.remove(name)


def in_a_loop(test: Callable[..., object]) -> Callable[[], None]:
    return lambda: asyncio.run(test())


@in_a_loop
async def test_client_leaves_a_place_to_others():
    crowd = Crowd(places=3)
    await crowd.come("a/x/1", "a/x/2", "a/x/3", "b/x/1", "c/x/1")
    assert crowd.inside == ["a/x/1", "a/x/2", "b/x/1"]
    await crowd.leave("a/x/1")
    # Who has none goes first.
    assert crowd.inside == ["a/x/2", "b/x/1", "c/x/1"]
    await crowd.leave("b/x/1")
    assert crowd.inside == ["a/x/2", "c/x/1", "a/x/3"]


@in_a_loop
async def test_only_one_place_is_for_whoever_comes():
    crowd = Crowd(places=1)
    await crowd.come("a/x/1", "b/x/1")
    assert crowd.inside == ["a/x/1"]
    await crowd.leave("a/x/1")
    assert crowd.inside == ["b/x/1"]


@in_a_loop
async def test_another_question_does_not_wait_for_all_of_one_kind():
    crowd = Crowd(places=2)
    await crowd.come(*(f"a/slow/{number}" for number in range(5)), "a/quick/1")
    await crowd.leave("a/slow/0")
    assert crowd.inside == ["a/quick/1"]


@in_a_loop
async def test_too_many_are_refused_at_once():
    crowd = Crowd(places=2)
    await crowd.come(*(f"a/x/{number}" for number in range(60)))
    assert (len(crowd.inside), len(crowd.refused())) == (1, 60 - 1 - 8)
    await crowd.come(*(f"a/{question}/1" for question in range(20)), "b/x/1")
    assert len(crowd.refused()) == 60 - 1 - 8 + 20 - 8
    assert "b/x/1" in crowd.inside


@in_a_loop
async def test_who_gives_up_leaves_nothing_taken():
    crowd = Crowd(places=1)
    await crowd.come("a/x/1", "a/x/2", "a/x/3")
    await crowd.give_up("a/x/2")
    await crowd.leave("a/x/1")
    assert crowd.inside == ["a/x/3"]
    await crowd.give_up("a/x/3")
    await crowd.come("b/x/1")
    assert crowd.inside[-1:] == ["b/x/1"]
