import pytest

from seq2report.core.command import UserError
from seq2report.core.markdown import fill, refill, text


def test_a_table_is_put_where_its_name_stands_and_nothing_else_changes():
    before = "a\n<!-- table: one -->\n| old |\n<!-- end -->\nb"
    after = "a\n<!-- table: one -->\n| new |\n<!-- end -->\nb"
    assert fill(before, {"one": lambda: "| new |"}) == after


def test_an_empty_place_is_filled_and_takes_nothing_of_what_follows():
    empty = "<!-- table: {} -->\n<!-- end -->"
    page = f"{empty.format('one')}\nprose\n{empty.format('two')}\n"
    found = fill(page, {"one": lambda: "1", "two": lambda: "2"})
    filled = "<!-- table: {} -->\n{}\n<!-- end -->"
    assert found == f"{filled.format('one', 1)}\nprose\n{filled.format('two', 2)}\n"


def test_an_unknown_table_is_refused_with_the_names_there_are_and_the_page_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- table: nothing -->\n\n<!-- end -->")
    with pytest.raises(UserError, match=r"page.md: unknown table 'nothing'; known: summary"):
        refill(page, {"summary": lambda: ""})
    assert page.read_text() == "<!-- table: nothing -->\n\n<!-- end -->"


def test_numbers_have_no_more_places_than_they_need():
    assert [text(cell) for cell in (12345.0, 0.25, 7, "a")] == ["12,345", "0.25", "7", "a"]
