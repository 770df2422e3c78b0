"""Webhooks on the real server, sent to a receiver in a process of its own that fails, hangs and recovers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dispatch import operations, posting, sender, webhooks
from dispatch.clock import StandingClock
from dispatch.events import Collected, OrderCancelled, encode
from dispatch.posting import Poster, new_client
from dispatch.sender import Sender

AT = datetime(2026, 11, 11, 2, tzinfo=UTC)


@dataclass
class Receiver:
    folder: Path
    url: str

    def answer(self, mode):
        (self.folder / "mode").write_text(mode)

    def log(self):
        path = self.folder / "log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def names(self, status=204):
        """What was delivered, in the order in which it came."""
        return [each["body"]["data"]["event_id"] for each in self.log() if each["status"] == status]


@pytest.fixture
def receiver(tmp_path):
    program = Path(__file__).with_name("receiver.py")
    for name, text in (("mode", "ok"), ("secret", "whsec_AAAA")):
        (tmp_path / name).write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    port = int(process.stdout.readline())
    yield Receiver(tmp_path, f"http://127.0.0.1:{port}/hook")
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def hurried(monkeypatch):
    """Seconds where there are minutes."""
    for module in (posting, sender):
        monkeypatch.setattr(module, "ANSWER_WITHIN_S", 1.0)
    monkeypatch.setattr(sender, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(sender, "BLOCK_MS", 50)
    monkeypatch.setattr(webhooks, "BACK_OFF_S", (0.3,))


@asynccontextmanager
async def sending(store, *, private=True, lease_s=5.0):
    """A sender within this process."""
    stop = asyncio.Event()
    async with new_client() as client:
        sends = Sender(store, StandingClock(AT), Poster(client, private=private), lease_s=lease_s)
        task = asyncio.create_task(sends.run(stop))
        try:
            yield sends
        finally:
            stop.set()
            await task


async def registered(store, day, receiver, *kinds):
    webhook = await operations.add_webhook(
        store, day.scope, receiver.url, kinds, private=True, by="t", at=AT
    )
    (receiver.folder / "secret").write_text(webhook.secret)
    return webhook.webhook_id


async def happen(store, day, *names):
    """Events of these names, in this order."""
    for name in names:
        event = Collected(at=AT, by="t", event_id=name, courier_id="k1", order_ids=("o1",))
        await store.append_event(day, encode(event))


async def seen(store, day):
    (webhook,) = await operations.read_webhooks(store, day.scope)
    return webhook


def some(count, prefix="e"):
    return [f"{prefix}{number}" for number in range(count)]


async def test_events_come_signed_and_in_order_from_the_moment_of_registering_on(
    store, day, receiver, hurried, wait_until
):
    await happen(store, day, "before")
    await asyncio.sleep(0.005)  # the next millisecond of the server's clock
    await registered(store, day, receiver, "collected")
    async with sending(store):
        cancelled = OrderCancelled(at=AT, by="t", order_id="o1", reason="")
        await store.append_event(day, encode(cancelled))
        await happen(store, day, *some(20))

        async def all_here():
            return len(receiver.log()) >= 20

        await wait_until(all_here)
    assert receiver.names() == some(20)
    log = receiver.log()
    assert all(each["valid"] for each in log)
    assert all(each["body"]["type"] == "collected" for each in log)
    assert len({each["id"] for each in log}) == 20
    assert {each["host"] for each in log} == {receiver.url.split("/")[2]}
    assert all(abs(each["timestamp"] - datetime.now(UTC).timestamp()) < 60 for each in log)
    assert (await seen(store, day)).cursors[day.day.isoformat()] == log[-1]["body"]["cursor"]


@pytest.mark.parametrize("trouble", ["500", "302", "hang"])
async def test_a_receiver_that_fails_or_hangs_gets_everything_in_order_once_it_recovers(
    store, day, receiver, hurried, wait_until, trouble
):
    await registered(store, day, receiver)
    receiver.answer(trouble)
    async with sending(store):
        await happen(store, day, *some(5))

        async def is_waiting():
            return any(each.tries >= 2 for each in (await seen(store, day)).waiting)

        await wait_until(is_waiting)
        (waiting,) = (await seen(store, day)).waiting
        told = "no answer within 1 s" if trouble == "hang" else f"answered {trouble}"
        assert (waiting.day, waiting.why) == (day.day, told)
        assert "127.0.0.1" not in waiting.why
        receiver.answer("ok")

        async def all_here():
            return len(receiver.names()) >= 5

        await wait_until(all_here)
    assert receiver.names() == some(5)
    assert (await seen(store, day)).waiting == ()


async def test_one_day_that_waits_holds_up_no_other_webhook(
    store, day, receiver, hurried, wait_until, tmp_path
):
    await registered(store, day, Receiver(tmp_path, "http://127.0.0.1:1/nobody"))
    await registered(store, day, receiver)
    async with sending(store):
        await happen(store, day, *some(5))

        async def all_here():
            return len(receiver.names()) >= 5

        await wait_until(all_here)
    assert receiver.names() == some(5)


async def test_what_cannot_be_delivered_is_put_aside_listed_and_sent_again_when_asked_for(
    store, day, receiver, hurried, wait_until, monkeypatch
):
    monkeypatch.setattr(webhooks, "DEAD_AFTER", timedelta(seconds=0.5))
    webhook_id = await registered(store, day, receiver)
    receiver.answer("order-cancelled:500")
    async with sending(store):
        cancelled = OrderCancelled(at=AT, by="t", order_id="o1", reason="")
        await store.append_event(day, encode(cancelled))
        await happen(store, day, "after")

        async def went_on():
            return receiver.names() == ["after"]

        await wait_until(went_on)
        (letter,) = await operations.read_dead_letters(store, day.scope, webhook_id)
        assert (letter.kind, letter.day, letter.why) == (
            "order-cancelled",
            day.day,
            "answered 500",
        )
        assert letter.tries >= 2
        assert (await seen(store, day)).dead_letters == 1
        tried = len(receiver.log())
        await operations.resend_letter(store, day.scope, webhook_id, letter.message_id)

        async def is_aside_again():
            (again,) = await operations.read_dead_letters(store, day.scope, webhook_id)
            return not again.again and again.tries == letter.tries + 1

        await wait_until(is_aside_again)
        assert len(receiver.log()) == tried + 1
        receiver.answer("ok")
        await operations.resend_letter(store, day.scope, webhook_id, letter.message_id)

        async def is_gone():
            return await operations.read_dead_letters(store, day.scope, webhook_id) == ()

        await wait_until(is_gone)
    last = receiver.log()[-1]
    assert (last["id"], last["status"], last["valid"]) == (letter.message_id, 204, True)
    with pytest.raises(operations.LetterUnknown):
        await operations.resend_letter(store, day.scope, webhook_id, letter.message_id)


async def test_a_day_is_told_again_from_a_cursor_with_the_same_ids(
    store, day, receiver, hurried, wait_until
):
    webhook_id = await registered(store, day, receiver)
    async with sending(store):
        await happen(store, day, *some(6))

        async def six():
            return len(receiver.log()) == 6

        await wait_until(six)
        first = receiver.log()
        after = first[2]["body"]["cursor"]
        await operations.replay_webhook(store, day, webhook_id, after=after)

        async def nine():
            return len(receiver.log()) == 9

        await wait_until(nine)
    again = receiver.log()[6:]
    assert [each["id"] for each in again] == [each["id"] for each in first[3:]]
    assert [each["body"] for each in again] == [each["body"] for each in first[3:]]


async def test_two_senders_tell_everything_once_and_the_second_takes_over(
    store, day, receiver, hurried, wait_until
):
    await registered(store, day, receiver)
    async with sending(store):
        async with sending(store):
            await happen(store, day, *some(30))

            async def thirty():
                return len(receiver.log()) >= 30

            await wait_until(thirty)
        await happen(store, day, *some(30, "f"))

        async def sixty():
            return len(receiver.log()) >= 60

        await wait_until(sixty)
    assert receiver.names() == [*some(30), *some(30, "f")]


async def test_a_webhook_that_is_taken_back_hears_nothing_more_and_leaves_nothing(
    store, day, receiver, hurried, wait_until
):
    webhook_id = await registered(store, day, receiver)
    async with sending(store):
        await happen(store, day, "one")

        async def one():
            return len(receiver.log()) == 1

        await wait_until(one)
        await operations.remove_webhook(store, day.scope, webhook_id)
        await happen(store, day, "two")
        await registered(store, day, receiver)
        await happen(store, day, "three")

        async def another():
            return len(receiver.log()) >= 2

        await wait_until(another)
    assert "two" not in receiver.names() or receiver.names().count("two") == 1
    with pytest.raises(operations.WebhookUnknown):
        await operations.remove_webhook(store, day.scope, webhook_id)


async def test_a_private_address_is_not_called_even_if_it_was_registered(
    store, day, receiver, hurried, wait_until
):
    await registered(store, day, receiver)
    async with sending(store, private=False):
        await happen(store, day, "one")

        async def is_waiting():
            return bool((await seen(store, day)).waiting)

        await wait_until(is_waiting)
    (waiting,) = (await seen(store, day)).waiting
    assert "clear" in waiting.why
    assert receiver.log() == []


async def test_a_name_that_leads_to_a_private_address_is_not_called(hurried):
    async with new_client() as client:
        with pytest.raises(posting.NotDelivered, match="private"):
            await Poster(client, private=False).post("https://localhost/hook", b"{}", {})


@pytest.mark.timeout(150)
async def test_kill_9_of_the_sender_loses_nothing_and_keeps_the_order(
    server, store, day, receiver, wait_until
):
    today = type(day)(day.company_id, day.depot_id, date.today())  # noqa: DTZ011 (any near day)
    await registered(store, today, receiver)
    environment = os.environ | {"CUNLU_REDIS_URL": server.url, "CUNLU_WEBHOOK_PRIVATE": "true"}

    def start():
        return subprocess.Popen([sys.executable, "-m", "api", "deliver"], env=environment)

    process = start()
    try:
        await happen(store, today, *some(300))

        async def is_amid():
            return len(receiver.log()) >= 20

        await wait_until(is_amid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(receiver.log())
        process = start()

        async def all_here():
            return len(set(receiver.names())) == 300

        await wait_until(all_here)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert before < 300
    names = receiver.names()
    assert list(dict.fromkeys(names)) == some(300)  # by first coming: in order
    assert len(names) <= 301  # the one it was at, at most, twice
    assert all(each["valid"] for each in receiver.log())


async def test_a_replay_or_a_removal_wins_over_a_delivery_under_way(store, day, receiver):
    webhook_id = await registered(store, day, receiver)
    await operations.replay_webhook(store, day, webhook_id, after="5")
    assert not await store.webhooks.settle(day, webhook_id, before="", after="9-0")
    assert (await seen(store, day)).cursors == {day.day.isoformat(): "5-0"}
    assert await store.webhooks.settle(day, webhook_id, before="5-0", after="9-0")
    await operations.remove_webhook(store, day.scope, webhook_id)
    assert not await store.webhooks.settle(day, webhook_id, before="9-0", after="10-0")
    assert not await store.webhooks.replay(day, webhook_id, "0-0")
    assert await operations.read_webhooks(store, day.scope) == ()
