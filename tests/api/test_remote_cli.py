"""`cunlu import`, `status`, `export` and Ctrl-C against a server that is really there."""

import asyncio
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from api.serving import listen
from dispatch.settings import Settings
from dispatch.worker import run_worker

DAY = ("--day", "2026-11-11")


@pytest.fixture(scope="module")
def address(server):
    """The API as a process of its own."""
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "serve", "--port", str(port)],
        env={**os.environ, "CUNLU_REDIS_URL": server.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline_s = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() < deadline_s, "the API never answered"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(20) == 0


def command(address, key, *arguments):
    return [
        *(sys.executable, "-m", "api", *(str(each) for each in arguments)),
        *("--server", address, "--key", key),
    ]


@pytest.fixture
def cunlu(address, company):
    def run(*arguments, key=None):
        return subprocess.run(
            command(address, key or company.keys["dispatcher"], *arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
async def plan(village, roads, server, tmp_path):
    """The id of a published plan of `village`, made by a real worker."""
    stop = asyncio.Event()
    settings = Settings(redis_url=server.url, roads=roads, data_dir=tmp_path / "worker")
    running = asyncio.create_task(run_worker(settings, stop=stop))
    wish = {"budget_s": 0.1, "seed": 1}
    day = f"day={DAY[1]}"
    job = (await village.call("POST", f"/v1/plans?{day}", json=wish)).json()
    await village.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    stop.set()
    await running
    plan_id = (await village.call("GET", f"/v1/jobs/{job['job_id']}")).json()["plan_id"]
    answer = await village.call("POST", f"/v1/plans/{plan_id}/publish", headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return plan_id


@pytest.fixture
def files(tmp_path, fleet_json):
    (tmp_path / "fleet.json").write_text(fleet_json)
    (tmp_path / "households.csv").write_text(
        "id,village,name,lon,lat\nh1,东风,王小明,118.102,33.8802\nh2,东风,王小红,118.107,33.8852\n"
    )
    (tmp_path / "orders.csv").write_text("id,household,pieces\no1,h1,1\no2,h2,零\no3,无名小店,1\n")
    return tmp_path


def taken_in(cunlu, files, *more):
    return cunlu(
        *("import", "--fleet", files / "fleet.json", "--households", files / "households.csv"),
        *("--orders", files / "orders.csv", *DAY, *more),
    )


async def test_files_go_in_and_what_does_not_is_told_by_line(cunlu, files):
    result = taken_in(cunlu, files, "--json")
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert told["households"]["counts"]["created"] == 2
    assert told["orders"]["counts"] == {"created": 1, "unresolved": 1, "refused": 1}
    assert "orders line 3" in result.stderr
    assert "1 address needs an answer" in result.stderr
    again = taken_in(cunlu, files)
    assert "1 unchanged" in again.stdout


async def test_the_day_is_shown_as_a_table_and_as_json(cunlu, files):
    taken_in(cunlu, files)
    result = cunlu("status", *DAY)
    assert result.returncode == 0
    assert "0 of 2 orders collected" in result.stdout
    told = json.loads(cunlu("status", *DAY, "--json").stdout)
    assert told["figures"]["orders_total"] == 2


async def test_an_export_without_a_plan_is_a_named_error_and_leaves_no_file(cunlu, files):
    taken_in(cunlu, files)
    out = files / "routes.geojson"
    result = cunlu("export", "--plan", "current", "--out", out, *DAY)
    assert result.returncode == 3
    assert "plan-unknown: no plan of this day is published yet" in result.stderr
    assert not out.exists()


@pytest.mark.timeout(300)
async def test_a_published_plan_is_fetched_in_every_format(cunlu, plan, tmp_path):
    def fetch(name, *more):
        return cunlu("export", "--plan", "current", "--out", name, *DAY, *more)

    to_file = fetch(tmp_path / "a.geojson", "--json")
    assert to_file.returncode == 0, to_file.stderr
    told = json.loads(to_file.stdout)
    body = (tmp_path / "a.geojson").read_bytes()
    assert (told["plan_id"], told["format"], told["size_bytes"]) == (plan, "geojson", len(body))
    assert json.loads(body)["type"] == "FeatureCollection"

    to_stdout = fetch("-", "--format", "csv")
    assert to_stdout.returncode == 0, to_stdout.stderr
    assert len(list(csv.DictReader(io.StringIO(to_stdout.stdout)))) == 20

    of_nobody = fetch(tmp_path / "b.gpx", "--format", "gpx")
    assert of_nobody.returncode == 3
    assert "courier-needed: " in of_nobody.stderr
    assert not (tmp_path / "b.gpx").exists()


async def test_a_wrong_key_is_told_so(cunlu):
    result = cunlu("status", key="cl_wrong")
    assert result.returncode == 5
    assert "key-unknown: " in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_watch_shows_the_day_anew_when_something_happens(address, company, cunlu, files):
    taken_in(cunlu, files)
    watching = subprocess.Popen(  # noqa: ASYNC220 (nothing else runs meanwhile)
        command(address, company.keys["dispatcher"], "status", "--watch", "--json", *DAY),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        began_s = time.monotonic()
        body = {"orders": [{"order_id": "new", "household_id": "h1"}]}
        answer = await company.call("POST", f"/v1/orders?day={DAY[1]}", json=body)
        assert answer.json()["counts"] == {"created": 1}
        second = json.loads(watching.stdout.readline())
        # Well before the sign of life that the server sends after 15 s.
        assert time.monotonic() - began_s < 10
        assert second["figures"]["orders_total"] == first["figures"]["orders_total"] + 1
    finally:
        watching.kill()
        watching.communicate()


async def test_ctrl_c_ends_a_watch_with_130_and_no_trace(address, company, cunlu, files):
    taken_in(cunlu, files)
    watching = subprocess.Popen(  # noqa: ASYNC220 (nothing else runs meanwhile)
        command(address, company.keys["dispatcher"], "status", "--watch", "--json", *DAY),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    assert watching.stdout.readline().startswith("{")
    watching.send_signal(signal.SIGINT)
    _, trouble = watching.communicate(timeout=20)
    assert watching.returncode == 130
    assert "Traceback" not in trouble
