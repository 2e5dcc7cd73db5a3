"""Run a notebook of reports/ with papermill and make a page of it.

The executed notebook is kept where --executed says, also if a cell fails: open it to see which
one and why. The page is one HTML file that needs nothing else, neither files nor network.
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

import nbformat
import papermill
from nbconvert import HTMLExporter
from traitlets.config import Config

from seq2report.command import UserError, replacing, run

SCRIPTS = Path(__file__).resolve().parent


def execute(notebook: Path, executed: Path, parameters: dict) -> None:
    """Run a notebook and write its executed copy, whether its cells succeed or not.

    Raises:
        UserError: a cell failed; says which and with what.
    """
    executed.parent.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    try:
        # Kernel and language stand here, so that what the notebook's metadata say is no matter.
        papermill.execute_notebook(
            notebook,
            executed,
            parameters=parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=True,
        )
    except papermill.PapermillExecutionError as error:
        raise UserError(
            f"cell {error.exec_count} of {notebook.name} failed with {error.ename}:"
            f" {error.evalue}\nThe executed notebook with its traceback is {executed}"
        ) from error


def to_page(executed: Path, template: Path, title: str, links: dict[str, str]) -> str:
    """Return the HTML page of an executed notebook: its outputs and prose, without its code.

    Args:
        executed: the executed notebook.
        template: index.html.j2 of an nbconvert template.
        title: of the page; escaped here and nowhere before.
        links: title and relative address of every page, for the navigation.
    """
    config = Config()
    folder = template.resolve().parent
    config.TemplateExporter.extra_template_basedirs = [str(folder.parent)]
    config.TemplateExporter.exclude_input = True
    exporter = HTMLExporter(config=config, template_name=folder.name)
    notebook = nbformat.read(executed, as_version=4)
    for n, cell in enumerate(notebook.cells):
        cell.id = f"cell-{n}"  # papermill's own cell has a random one; the same run, the same page
    page, _ = exporter.from_notebook_node(notebook, resources={"page": title, "links": links})
    return page


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notebook", type=Path, required=True, help="notebook without outputs")
    parser.add_argument("--parameters", type=json.loads, required=True, help="as JSON")
    parser.add_argument("--template", type=Path, required=True, help="page template, index.html.j2")
    parser.add_argument("--title", required=True)
    parser.add_argument("--links", type=json.loads, required=True, help="{title: address} as JSON")
    parser.add_argument("--executed", type=Path, required=True, help="executed notebook to write")
    parser.add_argument("--output", type=Path, required=True, help="HTML file to write")
    args = parser.parse_args(argv)

    execute(args.notebook, args.executed, args.parameters)
    page = to_page(args.executed, args.template, args.title, args.links)
    with replacing(args.output) as part:
        part.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
