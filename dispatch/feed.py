"""The live feed: one reader per stream and process, however many listen."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

import msgspec
from redis.exceptions import RedisError

from dispatch.days import DepotDay
from dispatch.errors import DispatchError

QUEUE_LENGTH: Final = 1000
"""Items a subscriber may fall behind: 100 s at 10 events a second. Chosen, not measured."""

HISTORY_PAGE: Final = 500
"""Entries read at once while a subscriber catches up."""

BLOCK_MS: Final = 5000
"""How long one read waits for news; it bounds nothing but how fast a closed feed lets go."""

RETRY_S: Final = 0.5
"""Pause before reading again from a server that could not be reached."""

_CANCEL_EVERY_S: Final = 0.1
"""Pause between two cancellations of a task that outlived one. Chosen."""

_STREAM_ID: Final = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?", re.ASCII)

_logger = logging.getLogger(__name__)


class StreamIdMalformed(DispatchError):
    """Text that is no stream id."""

    code: ClassVar[str] = "stream-id-malformed"

    def __init__(self, given: str) -> None:
        self.given = given
        super().__init__(f"{given[:80]!r} is no stream id: pass on the id of an event, or 0")


class FeedLagged(DispatchError):
    """A subscriber read more slowly than events came, and was dropped."""

    code: ClassVar[str] = "feed-lagged"

    def __init__(self, last_id: str) -> None:
        self.last_id = last_id
        super().__init__(f"too slow for the feed: connect again and resume after {last_id}")


@dataclass(frozen=True, slots=True, order=True)
class StreamId:
    """Ids compare as number pairs: as text, 10-0 would come before 9-0."""

    milliseconds: int
    sequence: int

    @classmethod
    def parse(cls, text: str) -> StreamId:
        """
        The id that `text` writes; the part after the hyphen may be missing.

        Raises
        ------
        StreamIdMalformed
            It writes none, or one beyond 64 bits.
        """
        found = _STREAM_ID.fullmatch(text)
        if found is None or int(found[1]) >= 2**64 or int(found[2] or 0) >= 2**64:
            raise StreamIdMalformed(text)
        return cls(int(found[1]), int(found[2] or 0))

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.sequence}"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One event as it is sent to everybody: `body` is its JSON, `kind` its kind."""

    id: str
    kind: str
    body: bytes


class _Kind(msgspec.Struct):
    kind: str


_kind_decoder: Final = msgspec.json.Decoder(_Kind)


class StreamSource(Protocol):
    """Where the feed reads."""

    async def last_id(self, day: DepotDay) -> str: ...

    async def history(
        self, day: DepotDay, *, after: str, limit: int
    ) -> Sequence[tuple[str, bytes]]: ...

    async def news(
        self, day: DepotDay, *, after: str, block_ms: int
    ) -> Sequence[tuple[str, bytes]]: ...


@dataclass(slots=True, eq=False)
class _Subscriber:
    queue: asyncio.Queue[FeedItem] = field(
        default_factory=lambda: asyncio.Queue(maxsize=QUEUE_LENGTH)
    )
    lagged: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class _Channel:
    """One stream's reader and those who listen to it."""

    subscribers: set[_Subscriber] = field(default_factory=set)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Feed:
    """Hands every event of a stream to all of this process's subscribers."""

    def __init__(self, source: StreamSource) -> None:
        self._source = source
        self._channels: dict[DepotDay, _Channel] = {}

    @property
    def readers(self) -> int:
        """Streams being read now."""
        return len(self._channels)

    async def follow(self, day: DepotDay, *, after: str) -> AsyncGenerator[FeedItem, None]:
        """Yield every event after the id `after`, each once and in order, for ever."""
        seen = StreamId.parse(after)
        channel = self._join(day)
        subscriber = _Subscriber()
        # The queue fills from here on, so that nothing falls between history and news.
        channel.subscribers.add(subscriber)
        try:
            await channel.ready.wait()
            async for item in self.recall(day, after=after):
                yield item
                seen = StreamId.parse(item.id)
            while True:
                item = await self._next(subscriber, seen)
                if StreamId.parse(item.id) > seen:
                    yield item
                    seen = StreamId.parse(item.id)
        finally:
            channel.subscribers.discard(subscriber)
            self._leave(day, channel)

    async def recall(self, day: DepotDay, *, after: str) -> AsyncGenerator[FeedItem, None]:
        """Yield every event after the id `after` up to the present, and end."""
        seen = str(StreamId.parse(after))
        while entries := await self._source.history(day, after=seen, limit=HISTORY_PAGE):
            for stream_id, body in entries:
                yield _item(stream_id, body)
            seen = entries[-1][0]

    async def close(self) -> None:
        """Stop all readers; subscribers hear nothing more."""
        tasks = [channel.task for channel in self._channels.values() if channel.task is not None]
        self._channels.clear()
        await asyncio.gather(*map(end, tasks))

    async def _next(self, subscriber: _Subscriber, seen: StreamId) -> FeedItem:
        if subscriber.lagged.is_set() and subscriber.queue.empty():
            raise FeedLagged(str(seen))
        return await subscriber.queue.get()

    def _join(self, day: DepotDay) -> _Channel:
        channel = self._channels.get(day)
        if channel is None:
            channel = self._channels[day] = _Channel()
            channel.task = asyncio.create_task(self._read(day, channel), name=f"feed {day}")
        return channel

    def _leave(self, day: DepotDay, channel: _Channel) -> None:
        if not channel.subscribers and self._channels.get(day) is channel:
            del self._channels[day]
            if channel.task is not None:
                channel.task.cancel()

    async def _read(self, day: DepotDay, channel: _Channel) -> None:
        """Read the stream from its present end while anybody listens; a server that is away is asked again."""
        last: str | None = None
        while self._channels.get(day) is channel:
            try:
                if last is None:
                    last = await self._source.last_id(day)
                    channel.ready.set()
                entries = await self._source.news(day, after=last, block_ms=BLOCK_MS)
            except (RedisError, OSError) as error:
                _logger.warning(
                    "feed lost its server and tries again",
                    extra={"depot_id": day.depot_id, "error": type(error).__name__},
                )
                await asyncio.sleep(RETRY_S)
                continue
            for stream_id, body in entries:
                item = _item(stream_id, body)
                last = stream_id
                for subscriber in tuple(channel.subscribers):
                    _offer(subscriber, item, channel)


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel `task` until it is over: a cancellation that meets the server's answer is lost now and then."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_EVERY_S)
    if not task.cancelled():
        task.exception()  # whatever it was, nobody waits for it any more


def _offer(subscriber: _Subscriber, item: FeedItem, channel: _Channel) -> None:
    try:
        subscriber.queue.put_nowait(item)
    except asyncio.QueueFull:
        subscriber.lagged.set()
        channel.subscribers.discard(subscriber)


def _item(stream_id: str, body: bytes) -> FeedItem:
    return FeedItem(stream_id, _kind_decoder.decode(body).kind, body)
