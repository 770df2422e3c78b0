"""Addresses over HTTP: the company's registry first, then the geocoder it configured, never a guess."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from api.app import create_app
from dispatch.settings import Settings

LON, LAT = 118.112, 33.889
CSV = "id,village,name,address\nhx,东风,张三,东风村{}\n"


@pytest.fixture
def nominatim():
    """A server that speaks Nominatim's JSON and knows one house."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            box = [str(each) for each in (LAT - 1e-4, LAT + 1e-4, LON - 1e-4, LON + 1e-4)]
            house = {"lat": str(LAT), "lon": str(LON), "display_name": "x", "boundingbox": box}
            body = json.dumps([house]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join()


async def send(company, address):
    return await company.call(
        "POST",
        "/v1/households",
        content=CSV.format(address),
        headers={"Content-Type": "text/csv"},
    )


async def test_without_a_geocoder_nobody_is_asked_and_the_address_waits(village):
    answer = await send(village, "7组")
    assert answer.json()["counts"]["unresolved"] == 1
    households = (await village.call("GET", "/v1/households")).json()["households"]
    (lost,) = [each for each in households if each["household_id"] == "hx"]
    assert lost["place"] is None


async def test_a_configured_geocoder_is_asked_once_and_remembered(
    server, village, nominatim, tmp_path
):
    port, asked = nominatim
    options = {"domain": f"127.0.0.1:{port}", "scheme": "http"}
    settings = Settings(geocoder="nominatim", geocoder_options=options, data_dir=tmp_path)
    app = create_app(settings, url=server.url)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://cunlu") as client,
    ):
        headers = {
            "Authorization": f"Bearer {village.keys['dispatcher']}",
            "Content-Type": "text/csv",
        }
        for _ in range(2):
            answer = await client.post("/v1/households", content=CSV.format("7组"), headers=headers)
            assert "unresolved" not in answer.json()["counts"], answer.text
    households = (await village.call("GET", "/v1/households")).json()["households"]
    (found,) = [each for each in households if each["household_id"] == "hx"]
    assert found["place"] == {"lon": LON, "lat": LAT}
    assert len(asked) == 1


DAY = "day=2026-11-11"
ORDERS = f"/v1/orders?{DAY}"


async def ask(company, address="东风村桥头修车铺", **more):
    order = {"order_id": "lost", "address": address, "weight_g": 2000} | more
    return await company.call("POST", ORDERS, json={"orders": [order]})


async def questions(company):
    return (await company.call("GET", f"/v1/addresses?{DAY}")).json()["questions"]


async def place(company, where, order_id="lost"):
    return await company.call("PUT", f"/v1/orders/{order_id}/place?{DAY}", json=where)


async def test_an_unclear_order_is_kept_and_waits_with_its_candidates(village):
    (result,) = (await ask(village)).json()["results"]
    assert (result["outcome"], result["code"]) == ("unresolved", "unknown")
    assert {each["household_id"] for each in result["candidates"]} <= {f"h{n}" for n in range(20)}
    kept = (await village.call("GET", f"/v1/orders/lost?{DAY}")).json()
    assert (kept["status"], kept["order"]["unclear"]) == ("open", True)
    (question,) = await questions(village)
    assert (question["order_id"], question["text"]) == ("lost", "东风村桥头修车铺")
    assert question["candidates"]


async def test_an_answered_order_leaves_the_queue_and_its_words_are_remembered(village):
    await ask(village)
    answer = await place(village, {"household_id": "h3"})
    assert (answer.status_code, answer.json()["order"]["household_id"]) == (200, "h3")
    assert await questions(village) == []
    (again,) = (await ask(village)).json()["results"]
    assert again["outcome"] == "unchanged"
    (next_day,) = (await ask(village, order_id="lost2")).json()["results"]
    assert next_day["outcome"] == "created"


async def test_words_that_shall_not_be_remembered_are_asked_again(village):
    await ask(village)
    await place(village, {"household_id": "h3", "remember": False})
    (other,) = (await ask(village, order_id="lost2")).json()["results"]
    assert other["outcome"] == "unresolved"


@pytest.mark.parametrize(
    ("where", "field", "value"),
    [
        ({"point_id": "p1"}, "point_id", "p1"),
        ({"place": {"lon": LON, "lat": LAT}}, "place", {"lon": LON, "lat": LAT}),
    ],
)
async def test_an_answer_may_be_a_point_or_a_place(village, where, field, value):
    await ask(village)
    assert (await place(village, where)).json()["order"][field] == value
    assert await questions(village) == []


@pytest.mark.parametrize(
    ("where", "status", "code"),
    [
        ({"household_id": "nobody"}, 404, "household-unknown"),
        ({"point_id": "nowhere"}, 422, "point-unknown"),
        ({}, 422, "not-valid"),
        ({"household_id": "h1", "point_id": "p1"}, 422, "not-valid"),
    ],
)
async def test_an_answer_that_names_nothing_is_refused_and_the_question_stays(
    village, where, status, code
):
    await ask(village)
    answer = await place(village, where)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(await questions(village)) == 1


async def test_a_place_that_is_known_is_not_moved_by_another_answer(village):
    await ask(village)
    await place(village, {"household_id": "h3"})
    assert (await place(village, {"household_id": "h3"})).status_code == 200
    answer = await place(village, {"household_id": "h4"})
    assert (answer.status_code, answer.json()["code"]) == (409, "order-placed-already")
    assert (await place(village, {"household_id": "h3"}, "none")).status_code == 404


async def test_a_file_sent_again_after_the_registry_was_mended_answers_its_own_question(village):
    body = "id,shop,pieces\nlost,桥头家具,2\n"
    headers = {"Content-Type": "text/csv"}

    async def send():
        answer = await village.call("POST", ORDERS, content=body, headers=headers)
        return answer.json()["counts"]

    assert await send() == {"unresolved": 1}
    assert await send() == {"unresolved": 1}
    shop = {
        "household_id": "h99",
        "village": "东风",
        "name": "赵九",
        "aliases": ["桥头家具"],
        "place": {"lon": LON, "lat": LAT},
    }
    await village.call("POST", "/v1/households", json={"households": [shop]})
    (question,) = await questions(village)
    assert [each["household_id"] for each in question["candidates"]] == ["h99"]
    assert await send() == {"placed": 1}
    assert await send() == {"unchanged": 1}
    assert await questions(village) == []


async def test_a_household_without_coordinates_waits_until_somebody_says_where(village):
    await send(village, "7组")
    (question,) = await questions(village)
    assert (question["household_id"], question["order_id"]) == ("hx", None)
    path = "/v1/households/hx/place"
    where = {"place": {"lon": LON, "lat": LAT}}
    answer = await village.call("PUT", path, json=where)
    assert answer.json()["place"] == where["place"]
    assert await questions(village) == []
    answer = await village.call("PUT", "/v1/households/none/place", json=where)
    assert (answer.status_code, answer.json()["code"]) == (404, "household-unknown")


async def test_a_cancelled_order_asks_nothing(village):
    await ask(village)
    await village.call("POST", f"/v1/orders/lost/cancel?{DAY}", json={})
    assert await questions(village) == []


async def test_a_wall_does_not_show_the_words_of_an_address(village):
    await ask(village)
    told = await village.call("GET", f"/v1/orders/lost?{DAY}", role="dashboard")
    assert "修车铺" not in told.text
