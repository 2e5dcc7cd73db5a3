import pytest

import page
from seq2report.core.markdown import PLACE, fill


@pytest.mark.parametrize("path", page.PAGES, ids=lambda path: path.stem)
def test_a_page_of_measurements_says_what_the_tables_say(path):
    text = path.read_text(encoding="utf-8")
    tables = page.PAGES[path]
    assert fill(text, tables) == text
    assert [name for _, name, _ in PLACE.findall(text)] == list(tables)
