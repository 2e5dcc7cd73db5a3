import page
from seq2report.markdown import PLACE, fill


def test_the_page_of_speed_says_what_the_tables_say():
    text = page.PAGE.read_text(encoding="utf-8")
    assert fill(text, page.TABLES) == text
    assert [name for _, name, _ in PLACE.findall(text)] == list(page.TABLES)
