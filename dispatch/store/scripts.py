"""The changes that happen in one step, as scripts that run inside the server."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, ClassVar, Final

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.commands.core import AsyncScript

from dispatch.errors import DispatchError

NAMES: Final = (
    "cancel_job",
    "cancel_order",
    "change_registry",
    "create_job",
    "create_orders",
    "day_slice",
    "draft_plan",
    "end_job",
    "publish_plan",
    "read_orders",
    "record_events",
    "replace_fleet",
    "report_progress",
    "reserve_answer",
    "revoke_identity",
    "start_job",
)

REPLICAS_WITHIN_MS: Final = 5000
"""How long a change waits for its replicas before it counts as not safe. Chosen, not measured."""

Argument = str | bytes | int


class NotOnReplicas(DispatchError):
    """A change was made, but too few replicas have it on disk: a failover might lose it."""

    code: ClassVar[str] = "not-on-replicas"

    def __init__(self, wanted: int, reached: int) -> None:
        self.wanted, self.reached = wanted, reached
        super().__init__(
            f"the change is on {reached} of {wanted} replicas: send it again with the same ids "
            "when the replicas are back"
        )


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

    Raises
    ------
    ReplicasUnderCluster
        Replicas shall be waited for on a cluster.
    """

    def __init__(self, client: Redis | RedisCluster, *, waitaof_replicas: int) -> None:
        if waitaof_replicas and isinstance(client, RedisCluster):
            raise ReplicasUnderCluster
        self._client = client
        self._waitaof_replicas = waitaof_replicas
        folder = files("dispatch.store") / "scripts"
        self._scripts: dict[str, AsyncScript] = {
            name: client.register_script((folder / f"{name}.lua").read_text("utf-8"))
            for name in NAMES
        }

    async def read(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run a script that changes nothing."""
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
        if not self._waitaof_replicas or isinstance(self._client, RedisCluster):
            return await script(keys=keys, args=arguments)
        # WAITAOF speaks of what its own connection wrote.
        async with self._client.client() as connection:
            answer = await script(keys=keys, args=arguments, client=connection)
            _, reached = await connection.waitaof(1, self._waitaof_replicas, REPLICAS_WITHIN_MS)
        if reached < self._waitaof_replicas:
            raise NotOnReplicas(self._waitaof_replicas, reached)
        return answer
