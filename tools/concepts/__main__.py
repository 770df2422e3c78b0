"""Draw every picture of docs/concepts.md and write its captions there: `python -m tools.concepts`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tools.concepts.cards import cards

PAGE: Final = Path("docs/concepts.md")
PICTURES: Final = Path("docs/images/concepts")


def with_caption(page: str, name: str, caption: str) -> str:
    """The page with `caption` as the line below the picture of this name."""
    return re.sub(
        rf"(\]\(images/concepts/{name}\.svg\)\n\n)\*.*\*\n",
        lambda found: f"{found[1]}*{caption}*\n",
        page,
    )


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = PAGE.read_text(encoding="utf-8")
    for card in cards():
        (PICTURES / f"{card.name}.svg").write_text(card.svg(), encoding="utf-8")
        page = with_caption(page, card.name, card.caption)
        print(f"{card.name}: {card.caption}")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
