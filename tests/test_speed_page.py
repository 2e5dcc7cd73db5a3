import pytest

import page
from seq2report.command import UserError


def test_the_page_of_speed_says_what_the_tables_say():
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.fill(text) == text
    assert [name for _, name, _ in page.PLACE.findall(text)] == list(page.TABLES)


def test_a_table_is_put_where_its_name_stands_and_nothing_else_changes(monkeypatch):
    monkeypatch.setattr(page, "TABLES", {"one": lambda: "| new |"})
    before = "a\n<!-- table: one -->\n| old |\n<!-- end -->\nb"
    assert page.fill(before) == "a\n<!-- table: one -->\n| new |\n<!-- end -->\nb"


def test_an_empty_place_is_filled_and_takes_nothing_of_what_follows(monkeypatch):
    monkeypatch.setattr(page, "TABLES", {"one": lambda: "1", "two": lambda: "2"})
    empty = "<!-- table: {} -->\n<!-- end -->"
    found = page.fill(f"{empty.format('one')}\nprose\n{empty.format('two')}\n")
    filled = "<!-- table: {} -->\n{}\n<!-- end -->"
    assert found == f"{filled.format('one', 1)}\nprose\n{filled.format('two', 2)}\n"


def test_an_unknown_table_is_refused_with_the_names_there_are():
    with pytest.raises(UserError, match="unknown table 'nothing'; known: summary"):
        page.fill("<!-- table: nothing -->\n\n<!-- end -->")


def test_numbers_have_no_more_places_than_they_need():
    assert [page.text(cell) for cell in (12345.0, 0.25, 7, "a")] == ["12,345", "0.25", "7", "a"]
