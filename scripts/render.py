"""Run a notebook of reports/ with papermill and make a page of it.

The executed notebook is kept where --executed says, also if a cell fails: open it to see which
one and why. The page is one HTML file that needs nothing else, neither files nor network.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbconvert import HTMLExporter
from traitlets import default
from traitlets.config import Config

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.report.harmless import policy, seen

CHART = 'class="chart"'  # as `page.chart` writes it
SCRIPTS = Path(__file__).resolve().parent


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this Python, whatever kernels this machine or its users have set up."""

    @default("kernel_spec_manager")
    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(parent=self, kernel_dirs=[])


def execute(notebook: Path, executed: Path, parameters: dict) -> None:
    """Run a notebook and write its executed copy, whether its cells succeed or not.

    Raises:
        UserError: a cell failed; says which and with what.
    """
    executed.parent.mkdir(parents=True, exist_ok=True)
    code = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory(prefix="seq2report-") as own:
        # Not in the home: it may be read-only, and a start-up file there would run in the kernel.
        os.environ.update(PYTHONPATH=os.pathsep.join(code), IPYTHONDIR=own, JUPYTER_RUNTIME_DIR=own)
        _execute(notebook, executed, parameters)


def _execute(notebook: Path, executed: Path, parameters: dict) -> None:
    try:
        # Kernel and language stand here, so that what the notebook's metadata say is no matter.
        papermill.execute_notebook(
            notebook,
            executed,
            parameters=parameters,
            kernel_name="python3",
            kernel_manager_class=OwnKernelManager,
            language="python",
            progress_bar=False,
            log_output=True,
        )
    except papermill.PapermillExecutionError as error:
        raise UserError(
            f"cell {error.exec_count} of {notebook.name} failed with {error.ename}:"
            f" {error.evalue}\nThe executed notebook with its traceback is {executed}"
        ) from error


def shown(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """Return the outputs of an executed notebook that are HTML, each by its kinds."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output["data"] for output in outputs if "text/html" in output.get("data", {})]


def scripts(notebook: nbformat.NotebookNode, folder: Path) -> list[str]:
    """Return the scripts of a page: that of the template, before it Vega where there are charts."""
    found = [(folder / "script.js").read_text(encoding="utf-8")]
    if any(CHART in data["text/html"] for data in shown(notebook)):
        import vl_convert

        found.insert(0, vl_convert.javascript_bundle())
    return found


def menus(links: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Return each menu and its links, in their order; links without a menu have the name ""."""
    return [(menu, list(entries)) for menu, entries in groupby(links, key=itemgetter("menu"))]


def to_page(executed: Path, template: Path, address: str, links: list[dict[str, str]]) -> str:
    """Return the HTML page of an executed notebook: its outputs and prose, without its code.

    ``links`` have title, address and menu of every page; they are escaped here and nowhere before.
    """
    config = Config()
    folder = template.resolve().parent
    config.TemplateExporter.extra_template_basedirs = [str(folder.parent)]
    config.TemplateExporter.exclude_input = True
    config.TemplateExporter.exclude_output_prompt = True
    exporter = HTMLExporter(config=config, template_name=folder.name)
    notebook = nbformat.read(executed, as_version=4)
    for n, cell in enumerate(notebook.cells):
        cell.id = f"cell-{n}"  # papermill's own cell has a random one; the same run, the same page
        # Warnings stay in the executed notebook, which is the log.
        cell.outputs = [each for each in cell.get("outputs", []) if each.output_type != "stream"]
    for data in shown(notebook):
        data["text/html"] = seen(data["text/html"])
    links = [{name: seen(text) for name, text in link.items()} for link in links]
    (this,) = (link for link in links if link["address"] == address)
    resources = {
        "page": ": ".join(filter(None, (this["menu"], this["title"]))),
        "address": address,
        "menus": menus(links),
        "scripts": (allowed := scripts(notebook, folder)),
        "policy": policy(allowed),
    }
    return exporter.from_notebook_node(notebook, resources=resources)[0]


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--notebook", type=Path, required=True, help="notebook without outputs")
    parser.add_argument("--parameters", type=json.loads, required=True, help="as JSON")
    parser.add_argument("--template", type=Path, required=True, help="page template, index.html.j2")
    parser.add_argument(
        "--links",
        type=json.loads,
        required=True,
        help="every page, this one too: [{title, address, menu}] as JSON",
    )
    parser.add_argument("--executed", type=Path, required=True, help="executed notebook to write")
    parser.add_argument("--output", type=Path, required=True, help="HTML file to write")
    args = parser.parse_args(argv)

    execute(args.notebook, args.executed, args.parameters)
    page = to_page(args.executed, args.template, args.output.name, args.links)
    with replacing(args.output) as part:
        part.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
