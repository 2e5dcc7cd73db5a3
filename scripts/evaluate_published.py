"""Compare published figures on a corpus with those of a report.

published: one row per figure, best first, with columns model, metric, figure, split, same_protocol,
differs, source, year and checked as in reports/published.yaml, and the nearest of our variants:
ours (its title) and our_figure in the same metric, both null where the report has none. A corpus is
recognised by its content digest, not by its name in the configuration.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import yaml

from seq2report.core import command
from seq2report.core.command import read_json, run
from seq2report.core.tables import read_frame, write_tables

METRICS = {"accuracy": "accuracy", "macro-F1": "macro_f1"}  # columns of evaluate_runs's variants
COLUMNS = {"model": "str", "metric": "str", "figure": "float64", "split": "str", "ours": "str"}
COLUMNS |= {"our_figure": "float64", "same_protocol": "bool", "differs": "str", "source": "str"}
COLUMNS |= {"year": "Int64", "checked": "str"}


def compare(entries: Iterable[dict], corpus: str | None, variants: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each entry of published.yaml about ``corpus``, the highest figure first."""
    ours = variants.set_index("variant")
    rows = []
    for entry in entries:
        if corpus not in entry["corpora"]:
            continue
        row = {"year": None, "ours": None, "our_figure": None} | entry
        for variant in entry.get("like", []):
            if variant in ours.index:
                figure = ours.loc[variant, METRICS[entry["metric"]]]
                row |= {"ours": ours.loc[variant, "title"], "our_figure": figure}
                break
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return table.sort_values("figure", ascending=False, kind="stable", ignore_index=True)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "output")
    parser.add_argument("--published", type=Path, required=True, help="published.yaml")
    parser.add_argument("--variants", type=Path, required=True, help="variants.parquet")
    args = parser.parse_args(argv)

    published = yaml.safe_load(args.published.read_text(encoding="utf-8"))
    names = {digest: name for name, known in published["digests"].items() for digest in known}
    corpus = names.get(read_json(args.corpus)["digest"])
    table = compare(published["figures"], corpus, read_frame(args.variants))
    write_tables({"published": table}, args.output)


if __name__ == "__main__":
    run(main)
