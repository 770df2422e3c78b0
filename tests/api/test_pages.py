import re
from math import asinh, pi, radians, tan

from mapbox_vector_tile import decode


async def test_the_board_loads_nothing_from_another_host(client):
    answer = await client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "://" not in answer.text.replace("http://www.w3.org", "")


async def test_assets_are_immutable_under_the_name_of_their_content(client):
    html = (await client.get("/")).text
    assert "__WEB__" not in html
    (script,) = re.findall(r'src="(/web/[^"]+\.js)"', html)
    answer = await client.get(script)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    other = re.sub(r"/web/\w+/", "/web/0000000000000000/", script)
    assert (await client.get(other)).status_code == 404


async def test_no_file_beside_the_pages_can_be_read(client):
    version = re.search(r"/web/(\w+)/", (await client.get("/")).text)[1]
    for path in ("..%2fauth.py", "%2e%2e/auth.py", "../auth.py", "vendor/../../auth.py"):
        assert (await client.get(f"/web/{version}/{path}")).status_code == 404


async def test_a_configured_base_map_is_the_only_host_added(server, roads):
    from api.pages import security_headers

    policy = security_headers("https://tiles.example.org/{z}/{x}/{y}.png")[
        "Content-Security-Policy"
    ]
    assert policy.count("https://tiles.example.org") == 2


async def test_a_tile_shows_the_roads_and_may_be_kept_for_ever(client, company):
    me = (await company.call("GET", "/v1/me")).json()
    while not me["network"]:  # loaded beside the first requests
        me = (await company.call("GET", "/v1/me")).json()
    x = int((118.11 + 180) / 360 * 2**14)
    y = int((1 - asinh(tan(radians(33.89))) / pi) / 2 * 2**14)
    answer = await client.get(f"/tiles/14/{x}/{y}.mvt?v={me['network']}")
    assert decode(answer.content)["roads"]["features"]
    assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/tiles/3/99/0.mvt")).status_code == 422
