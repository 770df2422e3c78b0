"""Names of people and shops that do not exist, and telephone numbers that cannot ring."""

from __future__ import annotations

import numpy as np

# The twenty most frequent surnames of China and characters usual in given names.
_SURNAMES = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林仝")
_GIVEN = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红云飞鹏雪梅建国志文海燕小雨春生"
)
_GOODS = ("服饰", "玩具", "草编", "鞋包", "百货", "农产", "灯饰", "文具")
_FURNITURE = ("家具", "木作", "板材家具", "家居")


def person(rng: np.random.Generator) -> str:
    given = rng.choice(_GIVEN, size=1 if rng.random() < 0.15 else 2)
    return f"{rng.choice(_SURNAMES)}{''.join(given)}"


def phone(rng: np.random.Generator) -> str:
    """Eleven digits that begin with 100: mobile numbers in China begin with 13 to 19."""
    return f"100{rng.integers(10**8):08d}"


def shop(rng: np.random.Generator, owner: str, *, furniture: bool) -> str:
    """A shop's name; two shops may get the same."""
    middle = "".join(rng.choice(_GIVEN, size=2))
    return f"{owner[0]}{middle}{rng.choice(_FURNITURE if furniture else _GOODS)}"
