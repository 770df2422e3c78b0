"""State of companies and depot-days: every change is one step that also appends its event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from dispatch.daybook import Daybook, DaySlice
from dispatch.days import DepotDay
from dispatch.expecting import Expected
from dispatch.feed import Feed
from dispatch.ids import JobId
from dispatch.jobs import JobState
from dispatch.store import keys
from dispatch.store.client import Commands, Entry, commands, open_client
from dispatch.store.companies import Companies
from dispatch.store.depots import Depots
from dispatch.store.keys import DayKeys
from dispatch.store.positions import Positions
from dispatch.store.questions import Questions
from dispatch.store.rows import (
    COLLECTED_RANK,
    CancelAnswer,
    JobRow,
    OrderRow,
    PublishAnswer,
    ReportAnswer,
    ReportEntry,
    RouteBodies,
    packed_cancellation,
    packed_word,
    read_cancellation,
    read_word,
)
from dispatch.store.scripts import Argument, Scripts, chunks, flat
from dispatch.store.webhooks import Webhooks
from dispatch.versions import VersionRow

SLICE: Final = 5000
"""Stream entries read in one step."""

CHANGES_MAX: Final = 24
"""So many versions in a row are kept as what they change: who reads the last of them takes as many hops. Chosen."""


class Store:
    """
    One connection pool to the server, with this process's feed and daybook.

    `expected` is what it knows by days of the orders that may come, and by how many days before it looked back.

    Takes and gives bytes: what they mean is for `operations` to know.
    """

    def __init__(self, client: Commands, readers: Commands, scripts: Scripts) -> None:
        self._client = client
        self._readers = readers
        self._scripts = scripts
        self.feed = Feed(self)
        self.daybook = Daybook(self)
        self.expected: dict[tuple[DepotDay, int], tuple[Expected, ...]] = {}
        self.companies = Companies(client, scripts)
        self.depots = Depots(client, scripts)
        self.positions = Positions(scripts)
        self.questions = Questions(client, scripts)
        self.webhooks = Webhooks(client, readers, scripts)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, waitaof_replicas: int = 0) -> AsyncIterator[Store]:
        """
        Speak to the server at `url` until the block ends. Connects when first used.

        Raises
        ------
        ServerAddressMalformed
            The address begins with no scheme of ours.
        ReplicasUnderCluster
            Replicas shall be waited for on a cluster.
        """
        # Readers of the feed block for seconds: they must not take connections from requests.
        client, readers = open_client(url), open_client(url)
        scripts = Scripts(client, waitaof_replicas=waitaof_replicas)
        store = cls(commands(client), commands(readers), scripts)
        try:
            yield store
        finally:
            await store.feed.close()
            await scripts.close()
            await client.aclose()
            await readers.aclose()

    async def ping(self) -> None:
        """Raise redis.exceptions.RedisError unless the server answers."""
        await self._client.ping()

    # Orders

    async def create_orders(
        self, day: DepotDay, entries: Sequence[tuple[str, bytes]], event: bytes
    ) -> list[bytes | None]:
        """Return for each entry the body that was there before; None: it is new."""
        where = DayKeys(day)
        before: list[bytes | None] = []
        for chunk in chunks(entries):
            before += await self._scripts.change(
                "create_orders",
                [where.orders, where.sequence, where.stream],
                [event, *flat(chunk)],
            )
        return before

    async def order_page(
        self, day: DepotDay, start: int, limit: int
    ) -> tuple[tuple[OrderRow, ...], int]:
        """Orders from position `start` in the order of creation, and how many there are."""
        return await self._orders(day, [start, limit])

    async def order(self, day: DepotDay, order_id: str) -> OrderRow | None:
        rows, _ = await self._orders(day, [0, 0, order_id])
        return rows[0] if rows else None

    async def orders_of(self, day: DepotDay, order_ids: Sequence[str]) -> tuple[OrderRow, ...]:
        """Those of these orders that there are."""
        rows: list[OrderRow] = []
        for chunk in chunks(order_ids):
            found, _ = await self._orders(day, [0, 0, *chunk])
            rows += found
        return tuple(rows)

    async def _orders(
        self, day: DepotDay, arguments: Sequence[Argument]
    ) -> tuple[tuple[OrderRow, ...], int]:
        where = DayKeys(day)
        total, bodies, words, cancellations = await self._scripts.read(
            "read_orders",
            [where.orders, where.sequence, where.words, where.cancellations],
            arguments,
        )
        rows = tuple(
            OrderRow(body, word and read_word(word), cancelled and read_cancellation(cancelled))
            for body, word, cancelled in zip(bodies, words, cancellations, strict=True)
            if body is not None
        )
        return rows, total

    async def replace_order(
        self, day: DepotDay, order_id: str, before: bytes, after: bytes, event: bytes
    ) -> bool:
        """Return whether the order was still `before`; if not, nothing changed."""
        where = DayKeys(day)
        replaced = await self._scripts.change(
            "replace_order", [where.orders, where.stream], [order_id, before, after, event]
        )
        return bool(replaced)

    async def cancel_order(
        self, day: DepotDay, order_id: str, at: datetime, reason: str, event: bytes
    ) -> CancelAnswer:
        where = DayKeys(day)
        answer: bytes = await self._scripts.change(
            "cancel_order",
            [where.orders, where.words, where.cancellations, where.stream],
            [order_id, packed_cancellation(at, reason), COLLECTED_RANK, event],
        )
        return CancelAnswer(answer.decode())

    async def record_events(
        self, day: DepotDay, entries: Sequence[ReportEntry]
    ) -> list[ReportAnswer]:
        where = DayKeys(day)
        answers: list[ReportAnswer] = []
        for chunk in chunks(entries):
            arguments: list[Argument] = []
            for each in chunk:
                word = "" if each.fate is None else packed_word(each.fate, each.rank)
                arguments += (each.event_id, each.digest, each.body, word, len(each.order_ids))
                arguments += each.order_ids
            found: list[bytes] = await self._scripts.change(
                "record_events", [where.orders, where.words, where.reports, where.stream], arguments
            )
            answers += (ReportAnswer(each.decode()) for each in found)
        return answers

    async def append_event(self, day: DepotDay, event: bytes) -> None:
        await self._scripts.change("append_event", [DayKeys(day).stream], [event])

    async def tell_risk(self, day: DepotDay, key: str, *, at_risk: bool, event: bytes) -> bool:
        """Return whether it was news; if not, nothing is recorded."""
        where = DayKeys(day)
        told = await self._scripts.change(
            "tell_change", [where.risks, where.stream], [key, int(at_risk), event]
        )
        return bool(told)

    # Plans

    async def next_version(self, day: DepotDay) -> int:
        return await self._client.hincrby(DayKeys(day).plans, "next", 1)

    async def draft_plan(
        self,
        day: DepotDay,
        version: int,
        *,
        body: bytes,
        etag: str,
        summary: bytes,
        event: bytes,
        job_id: JobId,
        run: str,
        state: JobState,
        plan_id: str,
    ) -> bool:
        """Return whether the job was still that of `run`; if not, nothing is stored."""
        where = DayKeys(day)
        kept = await self._scripts.change(
            "draft_plan",
            [where.job(job_id), where.plan(version), where.plans, where.stream],
            [run, state, plan_id, version, body, etag, summary, event],
        )
        return bool(kept)

    async def version(self, day: DepotDay, version: int) -> VersionRow | None:
        where = DayKeys(day)
        body, etag, onto = await self._client.hmget(where.plan(version), ["body", "etag", "onto"])
        current = await self._client.hget(where.plans, "current")
        if body is None or etag is None:
            return None
        return VersionRow(body, etag.decode(), int(onto or 0), int(current or 0))

    async def current_version(self, day: DepotDay) -> int:
        """The version that is published; 0: none."""
        return int(await self._client.hget(DayKeys(day).plans, "current") or 0)

    async def plans(self, day: DepotDay) -> tuple[list[bytes], int]:
        """The summaries of all plans, unsorted, and the version that is published (0: none)."""
        fields = await self._client.hgetall(DayKeys(day).plans)
        summaries = [body for name, body in fields.items() if name.startswith(b"summary:")]
        return summaries, int(fields.get(b"current", 0))

    async def publish_plan(
        self,
        day: DepotDay,
        version: int,
        *,
        based_on: int,
        routes: Sequence[RouteBodies],
        event: bytes,
    ) -> tuple[PublishAnswer, int]:
        """Return what happened and the version that is published now."""
        where = DayKeys(day)
        answer, current = await self._scripts.change(
            "publish_plan",
            [where.plan(version), where.plans, where.routes, where.stream],
            [version, based_on, event, *_route_fields(routes)],
        )
        return PublishAnswer(answer.decode()), int(current)

    async def publish_revision(
        self,
        day: DepotDay,
        version: int,
        *,
        based_on: int,
        body: bytes,
        is_change: bool,
        etag: str,
        summary: bytes,
        routes: Sequence[RouteBodies],
        others_stay: bool,
        event: bytes,
        told_before: bytes = b"",
    ) -> tuple[PublishAnswer, int]:
        """
        As `publish_plan`, for a plan that was no draft before; a stale one is not kept. `told_before` is an event too.

        `body` is the whole plan, or its change of the one that it is based on: but no more than CHANGES_MAX of them in a
        row. Routes of others than those given are gone, or stay.
        """
        where = DayKeys(day)
        answer, current = await self._scripts.change(
            "publish_revision",
            [
                where.plan(version),
                where.plan(based_on),
                where.plans,
                where.routes,
                where.stream,
            ],
            [
                version,
                based_on,
                body,
                CHANGES_MAX if is_change else 0,
                etag,
                summary,
                event,
                told_before,
                int(others_stay),
                *_route_fields(routes),
            ],
        )
        return PublishAnswer(answer.decode()), int(current)

    async def keep_draft(
        self,
        day: DepotDay,
        version: int,
        *,
        based_on: int,
        body: bytes,
        etag: str,
        summary: bytes,
        event: bytes,
    ) -> tuple[PublishAnswer, int]:
        """A draft that no job made; a stale one is not kept. Return as `publish_plan` does."""
        where = DayKeys(day)
        answer, current = await self._scripts.change(
            "keep_draft",
            [where.plan(version), where.plans, where.stream],
            [version, based_on, body, etag, summary, event],
        )
        return PublishAnswer(answer.decode()), int(current)

    async def route(
        self, day: DepotDay, courier_id: str, *, masked: bool
    ) -> tuple[bytes, str, int] | None:
        """A route's body and etag, and the version of the plan in force; None for one that an earlier build has written, too."""
        fields = keys.route_fields(courier_id, masked=masked)
        body, etag, version = await self._scripts.fetch(
            ("HMGET", DayKeys(day).routes, *fields, "version")
        )
        return None if body is None or version is None else (body, etag.decode(), int(version))

    # Jobs

    async def create_job(
        self, day: DepotDay, job_id: JobId, request: bytes, event: bytes
    ) -> JobRow:
        where = DayKeys(day)
        await self._scripts.change(
            "create_job", [where.job(job_id), where.plans, where.stream], [request, event]
        )
        row = await self.job(day, job_id)
        assert row is not None, "a job that was created a moment ago"
        return row

    async def job(self, day: DepotDay, job_id: JobId) -> JobRow | None:
        found = await self._client.hgetall(DayKeys(day).job(job_id))
        if not found:
            return None
        return JobRow(
            request=found[b"request"],
            state=found[b"state"].decode(),
            based_on=int(found[b"based_on"]),
            progress=found.get(b"progress", b""),
            plan_id=found.get(b"plan_id", b"").decode(),
            code=found.get(b"code", b"").decode(),
            message=found.get(b"message", b"").decode(),
            cancelling=b"cancelling" in found,
            starts=int(found.get(b"starts", 0)),
        )

    async def start_job(self, day: DepotDay, job_id: JobId, run: str) -> bool | None:
        """Return whether the job is now that of `run`, else it is over; None: there is no such job."""
        where = DayKeys(day)
        answer = await self._scripts.change("start_job", [where.job(job_id)], [run])
        return None if answer < 0 else bool(answer)

    async def report_progress(
        self, day: DepotDay, job_id: JobId, run: str, progress: bytes, event: bytes
    ) -> bool | None:
        """Return whether the job shall stop; None: it is not that of `run`."""
        where = DayKeys(day)
        answer = await self._scripts.change(
            "report_progress", [where.job(job_id), where.stream], [run, progress, event]
        )
        return None if answer < 0 else bool(answer)

    async def cancel_job(self, day: DepotDay, job_id: JobId, event: bytes) -> JobRow | None:
        where = DayKeys(day)
        await self._scripts.change("cancel_job", [where.job(job_id), where.stream], [event])
        return await self.job(day, job_id)

    async def end_job(
        self,
        day: DepotDay,
        job_id: JobId,
        run: str,
        state: JobState,
        code: str,
        message: str,
        event: bytes,
    ) -> bool:
        """Return whether the job was still that of `run`; if not, nothing changed."""
        where = DayKeys(day)
        ended = await self._scripts.change(
            "end_job", [where.job(job_id), where.stream], [run, state, code, message, event]
        )
        return bool(ended)

    # The day as it is read: see `feed` and `daybook`

    async def last_id(self, day: DepotDay) -> str:
        entries = await self._client.xrevrange(DayKeys(day).stream, count=1)
        return entries[0][0].decode() if entries else "0-0"

    async def history(
        self, day: DepotDay, *, after: str, limit: int
    ) -> Sequence[tuple[str, bytes]]:
        entries = await self._client.xrange(DayKeys(day).stream, f"({after}", count=limit)
        return _entries(entries)

    async def news(
        self, day: DepotDay, *, after: str, block_ms: int
    ) -> Sequence[tuple[str, bytes]]:
        stream = DayKeys(day).stream
        answer = await self._readers.xread({stream: after}, count=SLICE, block=block_ms)
        return _entries(answer[0][1]) if answer else ()

    async def day_slice(self, day: DepotDay, *, after: str) -> DaySlice:
        where = DayKeys(day)
        raw, orders_total, current = await self._scripts.read(
            "day_slice", [where.stream, where.sequence, where.plans], [f"({after}", SLICE]
        )
        entries = tuple((entry_id.decode(), fields[1]) for entry_id, fields in raw)
        return DaySlice(entries, len(entries) < SLICE, orders_total, int(current))


def _route_fields(routes: Sequence[RouteBodies]) -> Iterator[Argument]:
    for route in routes:
        for masked, body, etag in (
            (False, route.full, route.full_etag),
            (True, route.masked, route.masked_etag),
        ):
            body_field, etag_field = keys.route_fields(route.courier_id, masked=masked)
            yield from (body_field, body, etag_field, etag)


def _entries(raw: Sequence[Entry]) -> Sequence[tuple[str, bytes]]:
    return tuple((entry_id.decode(), fields[b"e"]) for entry_id, fields in raw)
