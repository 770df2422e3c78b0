"""The file of a compiled network: one checksummed block of arrays, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError

# Raise the number whenever the meaning of an array changes: an older file is then refused by name.
_MAGIC: Final = b"cunlu road network 3\n"
# After the magic: bytes of the description, bytes of the arrays, and the checksum of both.
_HEADER: Final = struct.Struct(f"<{len(_MAGIC)}sQQ32s")
_ALIGNMENT: Final = 64  # a cache line


class NetworkUnreadable(RoutingError):
    """A file that is no compiled network, or no longer a whole one."""

    code: ClassVar[str] = "network-unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is no usable road network ({reason}): build it again")


class NetworkNotSaved(RoutingError):
    """A network that could not be written; whatever stood at the path is untouched."""

    code: ClassVar[str] = "network-not-saved"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} cannot be written ({reason}): choose a folder with room for it")


def encode(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of the file; equal facts and arrays give equal bytes."""
    layout, parts, size = {}, [], 0
    for name, array in arrays.items():
        content = np.ascontiguousarray(array).tobytes()
        padding = -len(content) % _ALIGNMENT
        layout[name] = {"dtype": array.dtype.str, "shape": array.shape, "at": size}
        parts += [content, bytes(padding)]
        size += len(content) + padding
    description = json.dumps({"facts": facts, "arrays": layout}, ensure_ascii=False).encode()
    description += b" " * (-(_HEADER.size + len(description)) % _ALIGNMENT)
    body = b"".join((description, *parts))
    return _HEADER.pack(_MAGIC, len(description), size, hashlib.sha256(body).digest()) + body


def version_of(content: bytes | memoryview) -> str:
    """The content hash by which a network is known, from its file's bytes: 16 hexadecimal digits."""
    *_, checksum = _HEADER.unpack_from(content)
    return bytes(checksum).hex()[:16]


def write_whole(path: Path, content: bytes) -> None:
    """
    Make `path` hold all of `content` or what it held before: flushed to disk, then renamed.

    Raises
    ------
    NetworkNotSaved
        No such folder, no permission, no room.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp lets nobody else read; a network is shared by several processes.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as refused:
        raise NetworkNotSaved(path, str(refused)) from refused
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)  # gone already where the rename succeeded


def decode(path: Path) -> tuple[str, dict[str, Any], dict[str, NDArray[Any]]]:
    """
    Map the file into memory, check it, and return its version, facts and arrays.

    The arrays are read-only and shared between processes.

    Raises
    ------
    NetworkUnreadable
        Missing, foreign, of another format version, truncated, or damaged anywhere.
    """
    try:
        # An empty file cannot be mapped; numpy says ValueError.
        mapped = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as refused:
        raise NetworkUnreadable(path, str(refused)) from refused
    content = mapped.data
    if bytes(content[: len(_MAGIC)]) != _MAGIC:
        raise NetworkUnreadable(path, "a foreign file, or made by another version of cunlu")
    if len(content) < _HEADER.size:
        raise NetworkUnreadable(path, "truncated")
    _, description_size, arrays_size, checksum = _HEADER.unpack(content[: _HEADER.size])
    if len(content) != _HEADER.size + description_size + arrays_size:
        raise NetworkUnreadable(path, "truncated, or something was appended")
    if hashlib.sha256(content[_HEADER.size :]).digest() != checksum:
        raise NetworkUnreadable(path, "damaged: its checksum does not fit")
    start = _HEADER.size + description_size
    described = json.loads(bytes(content[_HEADER.size : start]))
    arrays = {
        name: np.ndarray(
            shape=tuple(entry["shape"]),
            dtype=entry["dtype"],
            buffer=mapped,
            offset=start + entry["at"],
        )
        for name, entry in described["arrays"].items()
    }
    return version_of(content[: _HEADER.size]), described["facts"], arrays
