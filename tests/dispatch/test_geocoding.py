"""A real geopy geocoder against a local server that speaks Nominatim's (or Baidu's) JSON."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.gazetteer import AddressQuestion, Unclear
from dispatch.geocoding import (
    PATIENCE,
    AnswerCacheUnusable,
    FileAnswerCache,
    Finding,
    GeocoderMisconfigured,
    GeocoderUnknown,
    Geocoding,
    decide,
)
from routing.places import Datum, Place, great_circle_m, to_datum

DEPOT = Place(118.1333, 33.9)
HOUSE = Place(118.1391, 33.9042)


def house(place: Place = HOUSE, *, half_extent: float = 0.0001) -> dict:
    lon, lat = place.lon, place.lat
    box = (lat - half_extent, lat + half_extent, lon - half_extent, lon + half_extent)
    return {
        "lat": str(lat),
        "lon": str(lon),
        "display_name": "东风村",
        "boundingbox": [str(each) for each in box],
    }


class Service:
    """What the server answers, and what it was asked."""

    def __init__(self, port: int):
        self.port = port
        self.asked: list[str] = []
        self.answers: dict[str, object] = {}
        self.status = 200


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            (text,) = query.get("q") or query["address"]
            told.asked.append(text)
            answer = told.answers.get(text, [])
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told = Service(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def geocoding(service: Service, cache: FileAnswerCache, **more) -> Geocoding:
    options = {
        "domain": f"127.0.0.1:{service.port}",
        "scheme": "http",
        "timeout": 5,
        "proxies": {},
        **more.pop("options", {}),
    }
    return Geocoding("nominatim", around=DEPOT, cache=cache, options=options, min_delay_s=0, **more)


@pytest.fixture
def cache(tmp_path) -> FileAnswerCache:
    return FileAnswerCache(tmp_path / "数据 dir" / "answers.sqlite")


def test_one_precise_answer_near_the_depot_is_the_place(service, cache):
    service.answers["江苏省东风村3组12号"] = [house()]
    here = geocoding(service, cache, region="江苏省")
    assert here.locate("东风村3组12号") == HOUSE
    assert here.locate("江苏省东风村3组12号") == HOUSE


def test_an_answer_is_asked_for_once_even_after_a_restart(service, cache):
    service.answers["a"] = [house()]
    for _ in range(2):
        geocoding(service, cache).locate("a")
        geocoding(service, cache).locate("nowhere")
    assert service.asked == ["a", "nowhere"]


def test_answers_in_a_chinese_datum_become_wgs84(service, cache):
    lon, lat = to_datum(HOUSE, Datum.GCJ02)
    service.answers["a"] = [house(Place(lon, lat))]
    found = geocoding(service, cache, datum=Datum.GCJ02).locate("a")
    assert isinstance(found, Place)
    assert great_circle_m(found, HOUSE) < 0.01


@pytest.mark.parametrize(("confidence", "believed"), [(90, True), (50, False)])
def test_baidus_degrees_are_bd09_and_its_confidence_is_heeded(service, cache, confidence, believed):
    lon, lat = to_datum(HOUSE, Datum.BD09)
    service.answers["a"] = {
        "status": 0,
        "result": {
            "location": {"lng": lon, "lat": lat},
            "precise": 1,
            "confidence": confidence,
            "level": "门址",
        },
    }
    # Baidu's class has no domain to choose: the local server stands where a proxy would.
    proxies = {"http": f"http://127.0.0.1:{service.port}"}
    options = {"api_key": "k", "scheme": "http", "proxies": proxies}
    here = Geocoding("baiduv3", around=DEPOT, cache=cache, options=options, min_delay_s=0)
    found = here.locate("a")
    place = found if isinstance(found, Place) else found.candidates[0].place
    assert isinstance(found, Place) is believed
    assert great_circle_m(place, HOUSE) < 0.01


FAR = Place(104.06, 30.67)
NEIGHBOUR = Place(118.16, 33.91)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([], Unclear.UNKNOWN),
        ([house(FAR)], Unclear.UNKNOWN),
        ([house(half_extent=0.02)], Unclear.IMPRECISE),
        ([house(), house(NEIGHBOUR)], Unclear.AMBIGUOUS),
    ],
)
def test_an_answer_that_may_be_wrong_is_a_question_with_candidates(service, cache, answer, reason):
    service.answers["a"] = answer
    found = geocoding(service, cache).locate("a")
    assert isinstance(found, AddressQuestion)
    assert (found.reason, len(found.candidates)) == (reason, len(answer))


@pytest.mark.parametrize(
    "answer", [b"no json", b'{"error": "quota"}', b"[{}]", b'[{"lat": 1}]', b"[3]"]
)
def test_an_answer_of_another_shape_is_a_question(service, cache, answer):
    service.answers["a"] = answer
    found = geocoding(service, cache).locate("a")
    assert isinstance(found, AddressQuestion)
    assert found.reason is Unclear.SERVICE_FAILED


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (401, "GeocoderAuthenticationFailure"),
        (429, "GeocoderRateLimited"),
        (500, "GeocoderServiceError"),
    ],
)
def test_a_refusal_is_a_question_with_its_reason_and_is_not_kept(service, cache, status, name):
    service.status = status
    found = geocoding(service, cache).locate("a")
    assert isinstance(found, AddressQuestion)
    assert name in found.detail
    service.status, service.answers["a"] = 200, [house()]
    assert geocoding(service, cache).locate("a") == HOUSE


def test_a_service_that_keeps_failing_is_left_alone(service, cache):
    service.status = 500
    here = geocoding(service, cache)
    questions = [here.locate(f"address {number}") for number in range(PATIENCE + 3)]
    assert all(isinstance(each, AddressQuestion) for each in questions)
    assert len(service.asked) == PATIENCE


def test_a_service_that_is_not_there_is_a_question(service, cache):
    here = geocoding(service, cache, options={"domain": "127.0.0.1:1"})
    found = here.locate("a")
    assert isinstance(found, AddressQuestion)
    assert found.reason is Unclear.SERVICE_FAILED


def test_a_service_whose_precision_nobody_can_read_is_never_believed(cache):
    finding = Finding(title="a", place=HOUSE, precise=False)
    found = decide("a", [finding], DEPOT)
    assert isinstance(found, AddressQuestion)
    assert found.reason is Unclear.IMPRECISE


def test_an_unknown_geocoder_and_wrong_options_are_refused_by_name(cache):
    with pytest.raises(GeocoderUnknown, match="did you mean 'nominatim'"):
        Geocoding("nominatm", around=DEPOT, cache=cache)
    with pytest.raises(GeocoderMisconfigured, match="colour"):
        Geocoding("nominatim", around=DEPOT, cache=cache, options={"colour": "red"})
    with pytest.raises(GeocoderMisconfigured, match="api_key"):
        Geocoding("baidu", around=DEPOT, cache=cache)


def test_a_damaged_cache_is_refused_by_name(tmp_path, service):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(AnswerCacheUnusable, match="move it away"):
        geocoding(service, FileAnswerCache(path)).locate("a")


PLACES = st.builds(Place, st.floats(117, 119.5), st.floats(33, 35))
FINDINGS = st.lists(st.builds(Finding, st.just("a"), PLACES, st.booleans()), max_size=4)


@given(FINDINGS)
def test_what_is_decided_is_precise_near_and_alone(findings):
    answer = decide("a", findings, DEPOT)
    fit = [
        each.place
        for each in findings
        if each.precise and great_circle_m(each.place, DEPOT) <= 50_000
    ]
    if isinstance(answer, Place):
        assert fit[0] == answer
        assert all(great_circle_m(each, answer) <= 100 for each in fit)
    else:
        assert len(answer.candidates) == len(findings)
        assert len(set(fit)) != 1
