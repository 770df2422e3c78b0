"""docs/concepts.md shows what the planner makes of its days today, and names fields that exist."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.concepts import cards as drawing

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/concepts.md").read_text()
PICTURES = ROOT / "docs/images/concepts"
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def cards():
    return drawing.cards()


def test_each_picture_is_what_the_planner_makes_of_its_day_today(cards):
    kept = {path.stem: path.read_text() for path in PICTURES.glob("*.svg")}
    told = {card.name: card.svg() for card in cards}
    other = {name for name in kept.keys() | told.keys() if kept.get(name) != told.get(name)}
    assert other == set(), "look at what changed, and draw again: python -m tools.concepts"


def test_the_figures_quoted_below_each_picture_are_those_of_its_plans(cards):
    for card in cards:
        assert f"(images/concepts/{card.name}.svg)\n\n*{card.caption}*\n" in PAGE, card.name


def test_every_section_has_its_picture_and_every_picture_its_section():
    shown = {
        title: re.findall(r"!\[[^]]+\]\(images/concepts/([a-z-]+)\.svg\)", text)
        for title, text in SECTIONS.items()
    }
    assert {title for title, names in shown.items() if len(names) != 1} == set()
    names = sorted(name for names in shown.values() for name in names)
    assert names == sorted(path.stem for path in PICTURES.glob("*.svg"))


def test_the_fields_that_a_section_names_are_in_the_reference_of_files():
    files = (ROOT / "docs/files.md").read_text()
    stated = [text for text in SECTIONS.values() if "\nFields: " in text]
    assert len(stated) > 10
    for text in stated:
        told = re.search(
            r"\nFields: (.*?)(?:Over HTTP|In the plan|Reason|Remed|What|More|\n\n)", text, re.DOTALL
        )
        names = re.findall(r"`([a-z_]+)`", told.group(1))
        assert names
        assert {name for name in names if not re.search(rf"\b{name}\b", files)} == set()
        assert "(files.md#" in text


def test_the_names_over_http_and_in_the_plan_are_those_of_the_code():
    bodies = ("api/fields.py", "api/order_bodies.py", "api/schemas.py")
    schemas = "".join((ROOT / each).read_text() for each in bodies)
    plan = "".join(
        (ROOT / "dispatch" / f"{each}.py").read_text() for each in ("plan", "shortfalls", "exports")
    )
    for words, source in (("Over HTTP", schemas), ("In the plan", plan)):
        stated = re.findall(rf"{words}: (.*?)(?:In the plan|Reason|More|\n\n|\Z)", PAGE, re.DOTALL)
        names = [name for text in stated for name in re.findall(r"`([a-z_]+)`", text)]
        assert len(names) > 5
        assert {name for name in names if not re.search(rf"\b{name}\b", source)} == set()


def test_the_table_at_the_top_leads_to_every_section():
    links = re.findall(r"\]\(#([a-z-]+)\)", PAGE.split("\n## ")[0])
    anchors = [title.lower().replace(",", "").replace(" ", "-") for title in SECTIONS]
    assert sorted(links) == sorted(anchors)


def test_no_word_of_a_picture_leaves_its_card(cards):
    """By the width that letters have at most; panels are moved by their groups."""
    for card in cards:
        root = ET.fromstring(card.svg())
        _, _, width, height = map(float, root.get("viewBox").split())
        for x, y, word in _words(root, 0, 0):
            left, right = x, x + 6.6 * len(word.text)
            if "mid" in word.get("class"):
                left, right = x - 3.3 * len(word.text), x + 3.3 * len(word.text)
            elif "end" in word.get("class"):
                left, right = x - 6.6 * len(word.text), x
            assert left >= 0, (card.name, word.text)
            assert right <= width, (card.name, word.text)
            assert 8 <= y <= height, (card.name, word.text)


def _words(node, x, y):
    for child in node:
        dx, dy = x, y
        if moved := re.match(r"translate\(([-\d.]+),([-\d.]+)\)", child.get("transform", "")):
            dx, dy = x + float(moved[1]), y + float(moved[2])
        if child.tag.endswith("}text"):
            yield dx + float(child.get("x")), dy + float(child.get("y")), child
        yield from _words(child, dx, dy)
