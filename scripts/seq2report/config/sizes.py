"""Sizes of subsets that do not fit a corpus, as far as it is known while planning."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from seq2report.config.plan import Plan
from seq2report.core.command import UserError, read_json
from seq2report.documents.subsets import size_mistakes


def size_notices(plan: Plan, results: Path) -> Iterator[str]:
    """Yield a message for each size that a corpus does not have, if the corpus was read before.

    They are no errors: the corpus may have changed. The rule check_sizes stops with the same ones.
    """
    sizes = plan.config["compare"]["labels"]["sizes"] if plan.labelled else []
    for corpus in plan.corpora if sizes else ():
        with suppress(UserError, KeyError, TypeError):  # not read yet, or by another version
            counts = read_json(results / corpus / "corpus.json")["counts"]
            yield from size_mistakes(corpus, sizes, counts)
