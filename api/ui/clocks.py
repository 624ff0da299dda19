"""What a store's clock shows, by the zone rules that a release was made with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Piece:
    """A stretch of UTC in which a clock is ahead of UTC by the same time."""

    started_at: datetime
    ended_at: datetime
    offset: timedelta


@dataclass(frozen=True)
class Clock:
    """A clock; instants are in UTC without a zone, and so are the times that it shows."""

    name: str
    pieces: tuple[Piece, ...]

    def at(self, instant: datetime) -> datetime:
        """Return what it shows at an instant."""
        return instant + self._piece(instant).offset

    def within(self, started_at: datetime, ended_at: datetime) -> Iterator[Piece]:
        """Give out an interval in parts in which the clock runs evenly."""
        first, last = self.pieces[0], self.pieces[-1]
        for piece in self.pieces:
            # What is known of the zone ends somewhere; beyond that it goes on as it was.
            start = started_at if piece is first else max(started_at, piece.started_at)
            end = ended_at if piece is last else min(ended_at, piece.ended_at)
            if start < end:
                yield Piece(start, end, piece.offset)

    def changes(self, started_at: datetime, ended_at: datetime) -> Iterator[tuple[Piece, Piece]]:
        """Give out the parts before and after each change of the clock in an interval."""
        for before, after in pairwise(self.pieces):
            if started_at < after.started_at < ended_at:
                yield before, after

    def _piece(self, instant: datetime) -> Piece:
        for piece in self.pieces:
            if instant < piece.ended_at:
                return piece
        return self.pieces[-1]


UTC_CLOCK = Clock("UTC", (Piece(datetime.min, datetime.max, timedelta(0)),))


def clocks(rows: Sequence[tuple[str, str, datetime, datetime, int]]) -> dict[str, Clock]:
    """Return the clocks of stores, from rows of store, zone, start, end and offset in µs, in order.

    Stretches that touch and have the same offset are one.
    """
    found: dict[str, tuple[str, list[Piece]]] = {}
    for store_id, zone, started_at, ended_at, offset_us in rows:
        piece = Piece(started_at, ended_at, timedelta(microseconds=offset_us))
        pieces = found.setdefault(store_id, (zone, []))[1]
        if pieces and pieces[-1].offset == piece.offset:
            piece = Piece(pieces.pop().started_at, ended_at, piece.offset)
        pieces.append(piece)
    return {store_id: Clock(zone, tuple(pieces)) for store_id, (zone, pieces) in found.items()}
