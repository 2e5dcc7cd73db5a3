"""Result tables: no cell is a formula to a spreadsheet, and CSV gives back what was written."""

import csv

import pandas as pd
import pytest

from seq2report.core.tables import read_csv, read_tables, write_tables

CELLS = ["=1+1", "+1+1", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''=1", "'s", "NA"]
CELLS += ["-1.5x", "a=1", "a\r=1", "=cmd|' /C calc'!A0"]


@pytest.mark.reliability("Security")
def test_no_cell_of_a_table_is_a_formula_and_each_can_be_read_again(tmp_path):
    table = pd.DataFrame({"label": CELLS, "=HYPERLINK(1)": pd.Categorical(CELLS)})
    table = table.assign(number=[-1.5, None, *range(len(CELLS) - 2)], id=[None, *CELLS[1:]])
    write_tables({"t": table}, tmp_path / "tables")
    with (tmp_path / "tables/t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(CELLS) + 1
    texts = [*rows[0], *(cell for label, text, _, name in rows[1:] for cell in (label, text, name))]
    assert not any(cell.startswith(tuple("=+-@\t\r\n＝")) for cell in texts)
    assert rows[-1][2] == str(float(len(CELLS) - 3))
    expected = table.astype({"=HYPERLINK(1)": object})
    pd.testing.assert_frame_equal(read_csv(tmp_path / "tables/t.csv"), expected, check_dtype=False)
    parquet = read_tables(tmp_path / "tables")["t"]
    assert parquet["label"].tolist() == CELLS


def test_numbers_as_text_are_no_formulas(tmp_path):
    write_tables({"t": pd.DataFrame({"label": ["-1", "+1", "x"]})}, tmp_path / "tables")
    assert (tmp_path / "tables/t.csv").read_text().split() == ["label", "-1", "+1", "x"]
