"""The embedded server: adopted, watched, stopped gently, in any folder, and it loses nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from dispatch import operations
from dispatch.days import DepotDay
from dispatch.events import Collected, OrdersCreated, decode
from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.server import EmbeddedServer, ServerFailed, running_server
from dispatch.store import Store

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="cunlu-") as path:
        yield Path(path)


def client(server):
    return Redis.from_url(server.url)


def is_running(pid):
    """A zombie waits to be taken note of; it runs no more."""
    with suppress(FileNotFoundError, ProcessLookupError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def test_everything_acknowledged_is_on_disk_and_no_port_is_open(folder):
    with EmbeddedServer(folder) as server, client(server) as redis:
        found = redis.config_get("append*") | redis.config_get("port")
        assert (found["appendonly"], found["appendfsync"], found["port"]) == ("yes", "always", "0")


def test_a_second_user_adopts_the_server_and_the_last_one_stops_it(folder):
    first, second = EmbeddedServer(folder), EmbeddedServer(folder)
    assert first.start() == second.start()
    pid = first.pid
    assert second.pid == pid
    first.stop()
    with client(second) as redis:
        assert redis.ping()
    second.stop()
    assert not first.socket_path.exists()
    assert not is_running(pid)


@pytest.mark.parametrize(
    "name", ["with space", "村路 数据", "quote'\"", "x" * 120, "沙集" * 40 + "/" + "deep/" * 10]
)
def test_it_works_in_folders_of_any_name_and_length(folder, name):
    with EmbeddedServer(folder / name) as server:
        with client(server) as redis:
            redis.set("k", "v")
        assert len(os.fsencode(server.socket_path)) < 104
    with EmbeddedServer(folder / name) as server, client(server) as redis:
        assert redis.get("k") == b"v"
        assert (server.folder / "appendonlydir").is_dir()


def test_a_gentle_stop_keeps_every_write(folder):
    with EmbeddedServer(folder) as server, client(server) as redis:
        for number in range(500):
            redis.set(f"k{number}", number)
    with EmbeddedServer(folder) as server, client(server) as redis:
        assert redis.dbsize() == 500


def test_a_user_of_another_process_adopts_it_too(folder):
    program = (
        "import sys; from pathlib import Path; from dispatch.server import EmbeddedServer\n"
        "with EmbeddedServer(Path(sys.argv[1])) as server: print(server.pid)"
    )
    with EmbeddedServer(folder) as server:
        other = subprocess.run(
            [sys.executable, "-c", program, str(folder)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert int(other.stdout) == server.pid
        with client(server) as redis:
            assert redis.ping()


def test_a_server_whose_users_were_all_killed_is_adopted_by_the_next(folder):
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from dispatch.server import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1])); server.start(); print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    user = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert user.returncode == -signal.SIGKILL
    orphan = int(user.stdout)
    assert is_running(orphan)
    with EmbeddedServer(folder) as server:
        assert server.pid == orphan
    assert not is_running(orphan)


async def test_a_killed_server_comes_back_with_its_data(folder, wait_until):
    with EmbeddedServer(folder) as server, client(server) as redis:
        redis.set("k", "v")
        killed = server.pid
        os.kill(killed, signal.SIGKILL)

        async def is_back():
            with suppress(RedisError):
                return redis.get("k") == b"v"
            return False

        await wait_until(is_back)
        assert server.pid != killed


def test_a_folder_that_cannot_be_written_is_refused_by_name(folder):
    blocked = folder / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ServerFailed, match="Check space and rights"):
        EmbeddedServer(blocked).start()


def test_a_failed_start_shows_the_servers_last_words(folder):
    with EmbeddedServer(folder) as server, client(server) as redis:
        redis.set("k", "v")
    (manifest,) = (server.folder / "appendonlydir").glob("*.manifest")
    manifest.write_text("file nonsense\n")
    with pytest.raises(ServerFailed) as failed:
        EmbeddedServer(folder).start()
    assert "AOF" in failed.value.log
    assert failed.value.code == "server-failed"


def test_a_named_server_is_used_as_it_is(folder):
    with running_server("redis://elsewhere:6379", folder) as url:
        assert url == "redis://elsewhere:6379"
    assert not list(folder.iterdir())


async def test_kill_9_amid_writes_loses_nothing_that_was_acknowledged(folder, day, wait_until):
    """Orders and events are counted by whoever got the answer, then compared with the server's."""
    created, told = set(), set()

    async def write(store, writer):
        for number in range(10_000):
            if number % 10 == 0 and enough.is_set():
                return
            order_id = OrderId(f"o{writer}-{number}")
            try:
                await operations.create_orders(
                    store, day, [Order(order_id=order_id)], by="t", at=AT
                )
                created.add(order_id)
                word = Collected(
                    event_id=order_id,
                    at=AT,
                    by="",
                    courier_id=CourierId("k"),
                    order_ids=(order_id,),
                )
                (outcome,) = await operations.record_events(store, day, [word], by="t")
                assert outcome.outcome != "refused"
                told.add(order_id)
            except (RedisError, OSError):
                continue  # no answer: no promise

    enough = asyncio.Event()
    with EmbeddedServer(folder) as server:
        async with Store.open(server.url) as store:
            writers = [asyncio.create_task(write(store, writer)) for writer in range(8)]
            for _ in range(3):
                written = len(told)

                async def has_moved_on(written=written):
                    return len(told) > written + 150

                await wait_until(has_moved_on)
                os.kill(server.pid, signal.SIGKILL)

            survived = len(told)

            async def has_recovered():
                return len(told) > survived + 150

            await wait_until(has_recovered)
            enough.set()
            await asyncio.gather(*writers)
            stored, events = await everything(store, day)
    assert len(told) > 450
    assert created <= {each.order.order_id for each in stored}
    assert told <= {each.order.order_id for each in stored if each.status == "collected"}
    heard_created = [
        order_id
        for each in events
        if isinstance(each, OrdersCreated)
        for order_id in each.order_ids
    ]
    heard_collected = [each.event_id for each in events if isinstance(each, Collected)]
    assert sorted(heard_created) == sorted(each.order.order_id for each in stored)
    assert sorted(heard_collected) == sorted(
        each.order.order_id for each in stored if each.status == "collected"
    )


async def everything(store: Store, day: DepotDay):
    stored, cursor = [], None
    while True:
        page = await operations.read_orders(store, day, after=cursor, limit=5000)
        stored += page.records
        if (cursor := page.next) is None:
            break
    events, after = [], "0-0"
    while entries := await store.history(day, after=after, limit=1000):
        events += (decode(body) for _, body in entries)
        after = entries[-1][0]
    return stored, events
