"""The changes that happen in one step, as scripts that run inside the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any, ClassVar, Final, TypeVar

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.commands.core import AsyncScript

from dispatch.errors import DispatchError
from dispatch.store.lane import Command, Lane

NAMES: Final = (
    "add_closure",
    "add_webhook",
    "answer_question",
    "append_event",
    "ask_question",
    "cancel_job",
    "cancel_order",
    "change_registry",
    "create_job",
    "create_orders",
    "day_slice",
    "draft_plan",
    "end_job",
    "keep_positions",
    "keep_draft",
    "publish_plan",
    "publish_revision",
    "read_orders",
    "record_events",
    "remove_closure",
    "remove_webhook",
    "replace_fleet",
    "replace_letter",
    "replace_order",
    "replay_webhook",
    "report_progress",
    "reserve_answer",
    "revoke_identity",
    "settle_delivery",
    "start_job",
    "start_question",
    "take_lease",
    "tell_change",
)

Argument = str | bytes | int

CHUNK: Final = 500
"""Records changed in one step: some 2 ms during which the server serves nobody else."""

_T = TypeVar("_T")


def chunks(entries: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (entries[start : start + CHUNK] for start in range(0, len(entries), CHUNK))


def flat(pairs: Iterable[tuple[str, bytes]]) -> Iterator[Argument]:
    return (value for pair in pairs for value in pair)


class ReplicasUnderCluster(DispatchError):
    """Waiting for replicas needs the connection that wrote, which a cluster client hides."""

    code: ClassVar[str] = "replicas-under-cluster"

    def __init__(self) -> None:
        super().__init__(
            "CUNLU_WAITAOF_REPLICAS works with one primary or Sentinel, not with a cluster: "
            "set it to 0, or use Sentinel"
        )


class Scripts:
    """
    Runs scripts by name, each where its keys are.

    A single primary is spoken to over lanes; a cluster, whose client picks the node for each
    command, one by one.

    Raises
    ------
    ReplicasUnderCluster
        Replicas shall be waited for on a cluster.
    """

    def __init__(self, client: Redis | RedisCluster, *, waitaof_replicas: int) -> None:
        folder = files("dispatch.store") / "scripts"
        sources = {name: (folder / f"{name}.lua").read_text("utf-8") for name in NAMES}
        self._client = client
        self._scripts: dict[str, AsyncScript] = {
            name: client.register_script(source) for name, source in sources.items()
        }
        self._changes: Lane | None = None
        self._reads: Lane | None = None
        if not isinstance(client, RedisCluster):
            everything = tuple(sources.values())
            self._changes = Lane(client, everything, replicas=waitaof_replicas)
            self._reads = Lane(client, everything)
        elif waitaof_replicas:
            raise ReplicasUnderCluster

    async def read(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run a script that changes nothing; it may answer much, so it has its own connection."""
        return await self._scripts[name](keys=keys, args=arguments)

    async def change(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """
        Run a script that may change state; what it answers is on disk.

        Raises
        ------
        NotOnReplicas
            Too few replicas have it on disk in time.
        """
        script = self._scripts[name]
        if self._changes is None:
            return await script(keys=keys, args=arguments)
        return await self._changes.send(("EVALSHA", script.sha, len(keys), *keys, *arguments))

    async def write(self, command: Command) -> Any:
        """Run one writing command, as safely as `change` does. Raises NotOnReplicas."""
        if self._changes is None:
            return await self._client.execute_command(*command)
        return await self._changes.send(command)

    async def fetch(self, command: Command) -> Any:
        """Run one reading command that many callers send at once."""
        if self._reads is None:
            return await self._client.execute_command(*command)
        return await self._reads.send(command)

    async def close(self) -> None:
        """Wait for what is under way."""
        for lane in (self._changes, self._reads):
            if lane is not None:
                await lane.close()
