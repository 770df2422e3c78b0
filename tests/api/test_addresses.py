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
