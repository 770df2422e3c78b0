import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.gazetteer import AddressQuestion, Gazetteer, Match, Unclear, normal, split_levels
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from routing.places import Place


def registry(*households: tuple[str, str, str, str, str]) -> Registry:
    """A registry of (id, village, name, address, alias), with a point in 东风村."""
    made = (
        Household(
            household_id=HouseholdId(own_id),
            village=village,
            name=name,
            address=address,
            aliases=(alias,) if alias else (),
            place=Place(118.1, 33.9),
        )
        for own_id, village, name, address, alias in households
    )
    point = CollectionPoint(
        point_id=PointId("P1"), village="东风村", name="村口超市", place=Place(118.2, 33.9)
    )
    return Registry(
        households={each.household_id: each for each in made}, points={point.point_id: point}
    )


SHAJI = registry(
    ("H1", "东风村", "王小雨", "3组12号", "小雨家具"),
    ("H2", "东风村", "李建国", "3组13号", "建国沙发厂"),
    ("H3", "兴国村", "李建国", "村委会西50米", ""),
    ("H4", "夏市村", "赵春梅", "江苏省睢宁县沙集镇夏市村1组3号", "春梅布艺"),
)
GAZETTEER = Gazetteer(SHAJI, region="江苏省徐州市睢宁县沙集镇")


@pytest.mark.parametrize(
    ("text", "household"),
    [
        ("H1", "H1"),
        (" h1 ", "H1"),
        ("王小雨", "H1"),
        ("王 小雨", "H1"),
        ("小雨家具", "H1"),
        ("东风村小雨家具", "H1"),
        ("东风 小雨家具", "H1"),
        ("东风村李建国", "H2"),
        ("兴国村李建国", "H3"),
        ("兴国村（李建国）", "H3"),
        ("东风村三组12号", "H1"),
        ("东风村第三组１２号", "H1"),
        ("东风行政村3村民小组12号", "H1"),
        ("江苏省徐州市睢宁县沙集镇东风村3组12号", "H1"),
        ("沙集镇东风村3组12号", "H1"),
        ("睢宁县东风村王小雨", "H1"),
        ("兴国村村委会西50米", "H3"),
        ("夏市村赵春梅", "H4"),
        ("夏市村1组3号", "H4"),
        ("沙集镇夏市村一组3号", "H4"),
    ],
)
def test_a_name_that_means_one_household_is_matched(text, household):
    found = GAZETTEER.find(text)
    assert isinstance(found, Match)
    assert (found.household_id, found.place) == (household, Place(118.1, 33.9))


def test_a_point_is_matched_unless_only_households_are_wanted():
    for text in ("村口超市", "东风村村口超市", "P1"):
        assert GAZETTEER.find(text) == Match(point_id=PointId("P1"), place=Place(118.2, 33.9))
        assert isinstance(GAZETTEER.find(text, points=False), AddressQuestion)


def test_a_name_that_two_households_have_is_a_question_with_both():
    found = GAZETTEER.find("李建国")
    assert isinstance(found, AddressQuestion)
    assert found.reason is Unclear.AMBIGUOUS
    assert [each.household_id for each in found.candidates] == ["H2", "H3"]


@pytest.mark.parametrize(
    "text",
    [
        "东风村",
        "3组12号",
        "12号",
        "东风村3组",
        "东风村3组14号",
        "王小",
        "小雨",
        "沙集镇",
        "",
        "。",
        "村",
    ],
)
def test_what_names_no_single_place_is_never_guessed(text):
    assert isinstance(GAZETTEER.find(text), AddressQuestion)


def test_candidates_come_from_the_village_that_the_text_names_and_the_likeliest_first():
    found = GAZETTEER.find("东风村李建国家对面")
    assert isinstance(found, AddressQuestion)
    assert [each.household_id or each.point_id for each in found.candidates] == ["H2", "P1", "H1"]


@pytest.mark.parametrize(
    "text",
    [
        "王集镇兴国村李建国",
        "江西省赣州市兴国县兴国村李建国",
        "四川省东风村3组12号",
        "睢宁县王集镇东风村王小雨",
    ],
)
def test_the_same_village_name_in_another_town_is_another_village(text):
    found = GAZETTEER.find(text)
    assert isinstance(found, AddressQuestion)
    assert "which nothing in the registry does" in found.detail
    assert len(found.candidates) == 1


def test_without_a_region_only_towns_that_the_registry_writes_are_believed():
    bare = Gazetteer(SHAJI)
    assert isinstance(bare.find("沙集镇东风村王小雨"), Match)
    assert isinstance(bare.find("徐州市东风村王小雨"), AddressQuestion)


def test_an_id_wins_over_another_households_name():
    both = Gazetteer(registry(("A1", "东风村", "甲", "", ""), ("B2", "东风村", "乙", "", "A1")))
    found = both.find("A1")
    assert isinstance(found, Match)
    assert found.household_id == "A1"


@pytest.mark.parametrize(
    ("text", "levels", "rest"),
    [
        ("江苏省徐州市睢宁县沙集镇兴国村", ("江苏省", "徐州市", "睢宁县", "沙集镇"), "兴国村"),
        ("广西壮族自治区南宁市横县某乡某村", ("广西壮族自治区", "南宁市", "横县", "某乡"), "某村"),
        ("曹县大集镇孙庄村", ("曹县", "大集镇"), "孙庄村"),
        ("徐州市东风社区王小雨", ("徐州市",), "东风社区王小雨"),
        ("江苏省徐州市新沂市某镇某村", ("江苏省", "徐州市", "新沂市", "某镇"), "某村"),
        ("夏市村", (), "夏市村"),
        ("沙集镇镇东村", ("沙集镇",), "镇东村"),
        ("兴国村", (), "兴国村"),
    ],
)
def test_the_levels_in_front_of_a_village_are_split_off(text, levels, rest):
    assert split_levels(text) == (levels, rest)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("十组", "10组"),
        ("十二组", "12组"),
        ("二十三号", "23号"),
        ("第０３组", "3组"),
        ("三里村", "三里村"),
        ("五一组", "51组"),
        ("百十组", "百10组"),
        ("A-b (1)", "ab1"),
    ],
)
def test_numbers_and_marks_read_alike(text, plain):
    assert normal(text) == plain


PIECES = ["东风村", "东风", "兴国村", "李建国", "王小雨", "小雨家具", "三组", "3组", "12号", "13号"]
FOREIGN = ["王集镇", "四川省", "宿迁市"]
KNOWN = ["江苏省", "徐州市", "睢宁县", "沙集镇"]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([None, *FOREIGN]),
    st.lists(st.sampled_from(KNOWN), max_size=2),
    st.lists(st.sampled_from(PIECES), max_size=4),
)
def test_a_match_has_every_piece_of_the_text_and_no_foreign_town(foreign, known, pieces):
    found = GAZETTEER.find("".join([*([foreign] if foreign else []), *known, *pieces]))
    if isinstance(found, Match):
        assert foreign is None
        household = SHAJI.households[found.household_id or HouseholdId("")]
        about = "".join([household.village, household.name, household.address, *household.aliases])
        assert all(normal(piece) in about for piece in pieces)


@given(st.text(max_size=30))
def test_any_text_is_answered(text):
    assert isinstance(GAZETTEER.find(text), Match | AddressQuestion)
