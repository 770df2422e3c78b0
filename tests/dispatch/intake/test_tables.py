from datetime import datetime, time, timedelta
from io import BytesIO

import openpyxl
import pytest

from dispatch.intake import RowCode


def xlsx(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_do_not_matter(read, delimiter, newline):
    text = newline.join(
        [delimiter.join(["id", "household", "pieces"]), delimiter.join(["1", "0412", "3"]), ""]
    )
    (order,) = read(text).accepted
    assert (order.order_id, order.pieces) == ("1", 3)


def test_many_semicolons_in_windows_do_not_make_a_semicolon_file(read):
    (order,) = read(
        "id,household,windows\n1,0412,08:00-09:00;10:00-11:00;12:00-13:00;14:00-15:00\n"
    ).accepted
    assert len(order.windows) == 4


def test_lines_count_as_an_editor_shows_them_even_after_a_note_of_two_lines(read):
    taken = read('id,household,pieces,note\n1,0412,1,"two\nlines"\n\n2,0412,none,\n')
    assert taken.accepted[0].note == "two lines"
    assert [problem.line for problem in taken.problems] == [5]


def test_titles_above_the_header_are_passed_over(read):
    taken = read("Orders of the day,,\n\nid,household,pieces\n1,0412,x\n")
    assert [problem.line for problem in taken.problems] == [4]


def test_a_stray_quotation_mark_costs_its_line_only(read):
    taken = read('id,household,note\n1,0412,"a"b\n2,0412,fine\n')
    assert [order.order_id for order in taken.accepted] == ["2"]
    assert [(each.line, each.code) for each in taken.problems] == [(2, RowCode.ROW_UNREADABLE)]


def test_a_quotation_mark_that_never_closes_says_which_lines_were_lost(read):
    taken = read('id,household,note\n1,0412,fine\n2,0412,"open\n3,0412,lost\n')
    assert [order.order_id for order in taken.accepted] == ["1"]
    assert "lines 3 to 4" in taken.problems[0].detail


def test_a_row_with_more_cells_than_the_header_is_reported(read):
    taken = read("id,household\n1,0412,surplus\n2,0412,\n")
    assert [(each.line, each.code) for each in taken.problems] == [(2, RowCode.ROW_TOO_LONG)]
    assert len(taken.accepted) == 1


def test_a_spreadsheet_reads_like_its_csv(read):
    evening = datetime.fromisoformat("2026-11-11 18:00")  # spreadsheets know no zones
    taken = read(
        xlsx(
            ["id", "household", "pieces", "weight_kg", "ready", "cut_off", "windows"],
            ["0001", "0412", 3, 0.1 + 0.2, time(9, 30), evening, "09:30-11:00"],
            [12, 412, 1, 2.3, timedelta(hours=9, minutes=30), None, None],
            [],
            [9007199254740991, "0412", 1, None, None, None, None],
        )
    )
    assert [each.order_id for each in taken.accepted] == ["0001", "12", "9007199254740991"]
    first = taken.accepted[0]
    assert (first.pieces, first.weight_g) == (3, 300)
    assert first.ready_at.strftime("%H:%M") == "09:30"
    assert first.cut_off_at.strftime("%m-%d %H:%M") == "11-11 18:00"
    # The number 412 is not the text 0412: whether that household is meant is a question.
    (question,) = taken.unresolved
    assert (question.order_id, question.text, question.line) == ("12", "412", 3)


def test_a_spreadsheet_number_that_lost_its_digits_is_refused_by_name(read):
    taken = read(xlsx(["id", "household"], [2026111100000000123, "0412"], ["1.23E+18", "0412"]))
    assert {each.code for each in taken.problems} == {RowCode.ID_LOST_DIGITS}
    assert [each.line for each in taken.problems] == [2, 3]


def test_json_numbers_keep_every_digit(read):
    (order,) = read('[{"id": 2026111100000000123, "household": "0412", "weight_kg": 0.1}]').accepted
    assert (order.order_id, order.weight_g) == ("2026111100000000123", 100)


def test_one_json_object_is_one_order(read):
    assert len(read('{"id": "1", "household": "0412"}').accepted) == 1


def test_a_broken_line_of_ndjson_costs_its_line_only(read):
    taken = read('{"id": "1", "household": "0412"}\n{"id": \n\n{"id": "3", "household": "0412"}\n')
    assert [order.order_id for order in taken.accepted] == ["1", "3"]
    assert [(each.line, each.code) for each in taken.problems] == [(2, RowCode.ROW_UNREADABLE)]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("17", RowCode.NOT_AN_OBJECT),
        ('{"id": "1", "household": {"id": "0412"}}', RowCode.NOT_TEXT),
        ('{"id": "1", "household": "0412", "windows": [9, 10]}', RowCode.NOT_A_WINDOW),
        ('{"id": "1", "household": "0412", "pieces": true}', RowCode.NOT_A_NUMBER),
        ('{"id": "1", "household": "0412", "pieces": NaN}', RowCode.NOT_A_NUMBER),
        ('{"id": "\\ud800", "household": "0412"}', RowCode.BAD_ID),
    ],
)
def test_json_of_the_wrong_shape_is_reported_by_position(read, item, code):
    taken = read(f'[{{"id": "0", "household": "0412"}}, {item}]')
    assert len(taken.accepted) == 1
    assert [(each.line, each.code) for each in taken.problems] == [(2, code)]
