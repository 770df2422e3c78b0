import json
import os
import stat

import numpy as np
import pytest

from routing.roads.network_file import (
    NetworkNotSaved,
    NetworkUnreadable,
    decode,
    encode,
    version_of,
    write_whole,
)

FACTS = {"texts": ["", "柳编路"], "synthetic": False}
ARRAYS = {
    "weights": np.arange(7, dtype=np.int64),
    "lon_lat": np.linspace(0.0, 1.0, 6).reshape(3, 2),
    "nothing": np.empty((0, 2), np.int32),
}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "沙集 roads.cunlu"
    write_whole(path, encode(FACTS, ARRAYS))
    return path


def test_what_was_written_is_read(saved):
    version, facts, arrays = decode(saved)

    assert facts == FACTS
    assert version == version_of(saved.read_bytes())
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)
        assert not arrays[name].flags.writeable
        assert arrays[name].ctypes.data % 64 == 0 or not array.size


def test_equal_content_has_one_version_and_any_change_another():
    content = encode(FACTS, ARRAYS)

    assert encode(FACTS, ARRAYS) == content
    assert version_of(encode(FACTS | {"synthetic": True}, ARRAYS)) != version_of(content)
    changed = ARRAYS | {"weights": ARRAYS["weights"] + 1}
    assert version_of(encode(FACTS, changed)) != version_of(content)


def test_every_truncation_is_refused(saved):
    whole = saved.read_bytes()
    for size in (0, 1, 20, 30, 60, 100, 300, len(whole) - 1):
        saved.write_bytes(whole[:size])
        with pytest.raises(NetworkUnreadable) as refused:
            decode(saved)
        assert refused.value.code == "network-unreadable"
        assert "build it again" in str(refused.value)


def test_one_flipped_bit_anywhere_is_noticed(saved):
    whole = saved.read_bytes()
    for at in range(len(whole)):
        broken = bytearray(whole)
        broken[at] ^= 1
        saved.write_bytes(broken)
        with pytest.raises(NetworkUnreadable):
            decode(saved)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + bytes(100),
        b"cunlu road network 0\n" + bytes(200),
        json.dumps(FACTS).encode(),
    ],
)
def test_a_foreign_file_and_another_version_are_refused(tmp_path, content):
    path = tmp_path / "foreign"
    path.write_bytes(content)

    with pytest.raises(NetworkUnreadable, match="foreign file, or made by another version"):
        decode(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(NetworkUnreadable):
            decode(path)


def test_a_failed_write_leaves_what_was_there_and_no_litter(saved, monkeypatch):
    before = saved.read_bytes()

    def disk_full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(NetworkNotSaved, match="No space left") as refused:
        write_whole(saved, b"half a network")

    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
    assert refused.value.code == "network-not-saved"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NetworkNotSaved, match="No such file"):
        write_whole(tmp_path / "absent" / "roads", b"a network")


def test_other_processes_of_other_users_may_read_it(saved):
    assert stat.S_IMODE(saved.stat().st_mode) == 0o644
