import struct
from io import BytesIO

import openpyxl
import pytest

from dispatch.errors import DispatchError
from dispatch.intake import read_orders
from dispatch.intake.files import load, text_of
from dispatch.intake.problems import FileIsFolder, FileMissing, FileTooLarge

GOOD = "id,household,pieces,note\n1,0412,2,侧门\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b" \r\n\n", "file-empty"),
        (b"\xef\xbb\xbf", "file-empty"),
        (bytes(range(256)) * 4, "file-encoding"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(64), "file-not-a-table"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file-not-a-table"),
        (b"PK\x03\x04 and then nothing of a zip", "file-not-a-table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file-not-a-table"),
        (b"id,household,pieces\n", "file-without-rows"),
        (b'{"orders": []}', "file-without-rows"),
        (b"[]", "file-without-rows"),
        (b"colour,size\nred,3\n", "columns-missing"),
        (b'[{"colour": "red"}]', "columns-missing"),
        (b"[1, 2", "file-not-a-table"),
        (b"[" * 100_000, "file-not-a-table"),
        (b"id,household,weight\n1,0412,3\n", "column-unclear"),
        ("订单号,农户,重量\n1,0412,3\n".encode(), "column-unclear"),
        (b"id,household,weight_lb\n1,0412,3\n", "column-unclear"),
        (b"id,household,wieght_kg\n1,0412,3\n", "column-unclear"),
        (b"id,order_id,household\n1,2,0412\n", "column-unclear"),
        ("订单号,农户,地址\n1,0412,某路\n".encode(), "column-unclear"),
    ],
)
def test_a_file_that_holds_no_orders_is_refused_by_name(read, content, code):
    with pytest.raises(DispatchError) as refused:
        read(content)
    assert refused.value.code == code
    assert refused.value.advice


def test_a_misspelt_column_is_answered_with_the_one_meant(read):
    with pytest.raises(DispatchError, match="did you mean 'windows'"):
        read("id,household,windws\n1,0412,09:00-10:00\n")


def test_a_missing_file_a_folder_and_a_large_file_are_refused(tmp_path, day, registry):
    with pytest.raises(FileMissing):
        read_orders(tmp_path / "none.csv", name="none.csv", day=day, registry=registry)
    with pytest.raises(FileIsFolder):
        read_orders(tmp_path, name="folder", day=day, registry=registry)
    large = tmp_path / "large.csv"
    large.write_text(GOOD)
    with pytest.raises(FileTooLarge):
        load(large, name="large.csv", limit_bytes=10)
    with pytest.raises(FileTooLarge):
        load(GOOD.encode(), name="large.csv", limit_bytes=10)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_every_encoding_that_spreadsheets_write_is_read(read, encoding):
    taken = read(GOOD.encode(encoding))
    assert [order.note for order in taken.accepted] == ["侧门"]


def test_damaged_utf8_is_not_read_as_other_characters():
    damaged = ("村" * 40).encode() + b"\xe6\x9d" + ("村" * 40).encode()
    with pytest.raises(DispatchError) as refused:
        text_of(damaged, name="x")
    assert refused.value.code == "file-encoding"


def test_a_spreadsheet_with_a_password_is_refused_by_name(read):
    # A protected workbook is an OLE container that names its stream; no free writer makes one.
    name = "EncryptedPackage".encode("utf-16-le")
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack("<504x") + name.ljust(512, b"\0")
    with pytest.raises(DispatchError) as refused:
        read(container)
    assert refused.value.code == "file-encrypted"


def test_a_spreadsheet_that_unpacks_to_more_than_the_limit_is_refused(read):
    book = openpyxl.Workbook()
    for number in range(500):
        book.active.append([f"{number}", "0412", "x" * 200])
    packed = BytesIO()
    book.save(packed)
    with pytest.raises(FileTooLarge, match="unpacked"):
        read(packed.getvalue(), limit_bytes=len(packed.getvalue()))
