"""Where the synthetic county puts its villages."""

import numpy as np
import pytest

from dispatch.demo.county import CANAL_CLEARANCE_M, VILLAGE_SPACING_M, canal_x_m, lay_out


@pytest.fixture(params=[1, 2, 3])
def county(request):
    return lay_out(np.random.default_rng(request.param))


def test_no_two_villages_are_nearer_than_the_spacing(county):
    centres = county.centres
    apart_m = np.linalg.norm(centres[:, None] - centres, axis=2)
    np.fill_diagonal(apart_m, np.inf)
    assert apart_m.min() >= VILLAGE_SPACING_M


def test_every_village_lies_in_the_voronoi_cell_of_its_town(county):
    centres, seats = county.centres, county.seats
    nearest = np.linalg.norm(centres[:, None] - centres[:seats], axis=2).argmin(axis=1)
    assert [county.sites[i].town for i in nearest] == [site.town for site in county.sites]


def test_towns_lie_where_geonames_has_them(county):
    shaji = county.sites[county.seat_of("沙集")]
    suicheng = county.sites[county.seat_of("睢城")]
    assert (shaji.x_m, shaji.y_m) == (0.0, 0.0)
    assert suicheng.x_m == pytest.approx(-18_480, abs=50)  # 0.20026 degrees at 33.9 north


def test_names_are_those_of_the_county_and_unique(county):
    names = [site.name for site in county.sites]
    assert len(set(names)) == len(names) == 400
    assert {"东风社区", "朱庙村", "沙集社区", "沙集镇和平社区"} <= set(names)


def test_villages_keep_off_the_canal_and_homes_are_about_four_hundred(county):
    villages = county.centres[county.seats :]
    assert np.abs(villages[:, 0] - canal_x_m(villages[:, 1])).min() >= CANAL_CLEARANCE_M
    assert 370 <= np.median([site.homes for site in county.sites]) <= 430
