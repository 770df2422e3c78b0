"""From a path or bytes to text: sizes, encodings, and what kind of file it is."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from dispatch.intake.problems import (
    FileEmpty,
    FileEncoding,
    FileIsFolder,
    FileMissing,
    FileNotATable,
    FileNotReadable,
    FileTooLarge,
)

LIMIT_BYTES: Final = 100_000_000
"""The largest file that is read unless a caller says otherwise: a million orders, all in memory."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Text holds tab, line feed and carriage return, and sometimes a form feed from a printer's file.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


def load(source: Path | bytes, *, name: str, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """
    The bytes of `source`.

    Raises
    ------
    FileRefused
        Nothing is there, it is a folder, empty, larger than `limit_bytes`, or may not be read.
    """
    if isinstance(source, Path):
        data = _read(source, name, limit_bytes)
    else:
        data = bytes(source)
    if len(data) > limit_bytes:
        raise FileTooLarge(
            name,
            f"it has more than {limit_bytes:,} bytes",
            "split it, or raise the limit if the machine has the memory",
        )
    if not data.strip(b"\x00 \t\r\n") or data in {bom for bom, _ in _BOMS}:
        raise FileEmpty(name, "it is empty", "export it again")
    return data


def _read(path: Path, name: str, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes + 1)
    except FileNotFoundError:
        raise FileMissing(name, "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise FileIsFolder(name, "it is a folder", "name the file inside it") from None
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the path
        raise FileNotReadable(
            name, f"it cannot be read ({failure})", "check its permissions"
        ) from failure


def text_of(data: bytes, *, name: str) -> tuple[str, str]:
    """
    The text in `data` and the encoding it was in: UTF-8, UTF-16 with BOM, or GB18030.

    Text that is valid UTF-8 is UTF-8: Chinese text in GBK almost never is. Mostly valid UTF-8 with a
    few broken bytes is refused, because GB18030 would read it as other, wrong characters.

    Raises
    ------
    FileEncoding
        It is neither, or damaged UTF-8.
    FileNotATable
        It holds control characters, as no text does.
    """
    text, encoding = _decoded(data, name)
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise FileNotATable(
            name,
            f"line {line} holds the control character U+{ord(found[0]):04X}, so it is no text",
            "bring CSV, XLSX or JSON",
        )
    return text, encoding


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as failure:
                raise _damaged(name, data, failure) from failure
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as failure:
        lenient = data.decode("utf-8", "replace")
        broken = lenient.count("\ufffd")
        whole = sum(character > "\x7f" for character in lenient) - broken
        if whole > 10 * broken:  # chosen: GBK read as UTF-8 is broken in most characters
            raise _damaged(name, data, failure) from failure
    try:
        return data.decode("gb18030"), "gb18030"
    except UnicodeDecodeError as failure:
        raise _damaged(name, data, failure) from failure


def _damaged(name: str, data: bytes, failure: UnicodeDecodeError) -> FileEncoding:
    line = data.count(b"\n", 0, failure.start) + 1
    return FileEncoding(
        name,
        f"line {line} is neither UTF-8 nor GB18030 (byte {failure.start + 1})",
        "save it as CSV UTF-8 and bring it again",
    )
