"""Both languages say the same things, and the pages say nothing that nobody wrote."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from api.pages import WEB
from dispatch.events import FailReason
from dispatch.forecast import StopState
from dispatch.gazetteer import Unclear
from dispatch.orders import Handling
from dispatch.pairs import NOT_WHILE_RUNNING
from dispatch.plan import Why
from dispatch.progress import RouteState
from dispatch.running.contract import Term
from dispatch.shortfalls import RemedyCode
from routing.vrp.reasons import Reason

ENTRY = re.compile(r'^  "([^"]+)": "((?:[^"\\]|\\.)*)",$', re.MULTILINE)


def words(language: str) -> dict[str, str]:
    return dict(ENTRY.findall((WEB / f"words.{language}.js").read_text("utf-8")))


def sources() -> list[Path]:
    return [path for path in WEB.glob("*.js") if not path.name.startswith("words.")]


def slots(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_chinese_and_english_name_the_same_things_with_the_same_facts():
    zh, en = words("zh"), words("en")
    optional = {key for key in zh if key.startswith("problem.")}  # the server speaks English itself
    assert set(zh) - optional == set(en) - {key for key in en if key.startswith("problem.")}
    assert {key: slots(zh[key]) for key in en if key in zh} == {
        key: slots(en[key]) for key in en if key in zh
    }


def test_every_word_that_the_pages_ask_for_is_written():
    known = words("zh")
    for path in sources():
        asked = re.findall(r'\bt\(\s*"([^"]+)"', path.read_text("utf-8"))
        assert [key for key in asked if key not in known] == [], path.name


def test_every_word_that_is_written_is_asked_for():
    text = "\n".join(path.read_text("utf-8") for path in sources())
    built = set(re.findall(r"`([a-z_.]+)\.?\$\{", text))
    unused = [
        key
        for key in words("zh")
        if f'"{key}"' not in text and not any(key.startswith(prefix) for prefix in built)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("prefix", "codes"),
    [
        ("courier.reason", FailReason),
        ("handling", Handling),
        ("stop.state", StopState),
        ("route.state", RouteState),
        ("reason", Reason),
        ("remedy", RemedyCode),
        ("address.reason", Unclear),
        ("why", Why),
        ("rule", Term),
        ("reason", StrEnum("Aside", {"DROP": NOT_WHILE_RUNNING})),
    ],
)
def test_every_code_of_the_day_has_words(prefix, codes):
    known = words("zh")
    assert [code.value for code in codes if f"{prefix}.{code.value}" not in known] == []
