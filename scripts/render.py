"""Run notebooks of reports/ with papermill and make a page of each.

Executed notebooks are kept, also if a cell fails: open one to see which cell and why. If a page
fails, the others are made all the same. A page is one HTML file that needs no other file and no
network.
"""

import logging
import os
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import nbformat
import papermill
from nbconvert import HTMLExporter, TemplateExporter
from papermill.engines import papermill_engines
from traitlets.config import Config

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.report.contents import with_contents
from seq2report.report.execution import IN_PROCESS, InProcess
from seq2report.report.harmless import isolated, policy, seen

CHART = 'class="chart"'  # as `page.chart` writes it
PLACES = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_PATH")
papermill_engines.register(IN_PROCESS, InProcess)


def execute(notebook: Path, executed: Path, parameters: dict) -> None:
    """Run a notebook and write its executed copy, whether its cells succeed or not.

    Raises:
        UserError: a cell failed.
    """
    executed.parent.mkdir(parents=True, exist_ok=True)
    # Kernel and language are set here, so that the metadata of the notebook do not matter.
    how = {"engine_name": IN_PROCESS, "kernel_name": "python3", "language": "python"}
    how |= {"progress_bar": False, "log_output": True}
    how["request_save_on_cell_execute"] = False  # but at the end, or after the cell that failed
    try:
        papermill.execute_notebook(notebook, executed, parameters=parameters, **how)
    except papermill.PapermillExecutionError as error:
        if error.ename == "UserError":  # such as a damaged table
            raise UserError(error.evalue) from error
        raise UserError(
            f"cell {error.exec_count} of {notebook.name} failed with {error.ename}:"
            f" {error.evalue}\nThe executed notebook with its traceback is {executed}"
        ) from error


def shown(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """Return the outputs of an executed notebook that are HTML, each by its kinds."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output["data"] for output in outputs if "text/html" in output.get("data", {})]


def scripts(notebook: nbformat.NotebookNode, folder: Path) -> list[str]:
    """Return the scripts of a page: those of the template, Vega among them if it has charts."""
    names = ("script.js", "charts.js")
    own, charts = ((folder / name).read_text(encoding="utf-8") for name in names)
    if not any(CHART in data["text/html"] for data in shown(notebook)):
        return [own]
    import vl_convert

    return [vl_convert.javascript_bundle(), own, charts]


class PageExporter(HTMLExporter):
    """Makes a page of a notebook, without a second parse of the page.

    In that, HTMLExporter looks for images and cells of notebooks that no page has, which takes
    longer than the rest of its work.
    """

    def from_notebook_node(
        self, nb: nbformat.NotebookNode, resources: dict | None = None, **options: object
    ) -> tuple[str, dict]:
        self.register_filter("highlight_code", escape)  # of code, which no page shows
        return TemplateExporter.from_notebook_node(self, nb, resources, **options)


@cache
def exporter(template: Path) -> PageExporter:
    """Return what makes pages of notebooks, without their code."""
    config = Config()
    folder = template.resolve().parent
    config.TemplateExporter.extra_template_basedirs = [str(folder.parent)]
    config.TemplateExporter.exclude_input = True
    config.TemplateExporter.exclude_output_prompt = True
    os.environ.update(dict.fromkeys(PLACES, os.devnull))  # no templates of the user
    return PageExporter(config=config, template_name=folder.name)


def to_page(executed: Path, template: Path, address: str, links: list[dict[str, str]]) -> str:
    """Return the HTML page of an executed notebook: its outputs and prose, without its code.

    ``links`` have title, address and menu of every page; they are escaped here and nowhere before.
    """
    notebook = nbformat.read(executed, as_version=4)
    for n, cell in enumerate(notebook.cells):
        cell.id = f"cell-{n}"  # papermill's own cell has a random one; the same run, the same page
        # Warnings stay in the executed notebook, which is the log.
        cell.outputs = [out for out in cell.get("outputs", []) if out.output_type != "stream"]
    for data in shown(notebook):
        data["text/html"] = seen(data["text/html"])
    links = [{name: seen(text) for name, text in link.items()} for link in links]
    (this,) = (link for link in links if link["address"] == address)
    resources = {
        "page": ": ".join(filter(None, (this["menu"], this["title"]))),
        "address": address,
        "menus": [(menu, list(pages)) for menu, pages in groupby(links, key=itemgetter("menu"))],
        "scripts": (allowed := scripts(notebook, template.parent)),
        "policy": policy(allowed),
    }
    html, _ = exporter(template).from_notebook_node(notebook, resources=resources)
    return isolated(with_contents(html))


def make(page: dict, template: Path, links: list[dict[str, str]]) -> None:
    """Make a page: its notebook, parameters, executed notebook and output.

    Raises:
        UserError: a cell failed.
    """
    executed, output = Path(page["executed"]), Path(page["output"])
    execute(Path(page["notebook"]), executed, page["parameters"])
    html = to_page(executed, template, output.name, links)
    with replacing(output) as part:
        part.write_text(html, encoding="utf-8")


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    template = {"type": Path, "help": "page template, index.html.j2"}
    parser.add_argument("--template", required=True, **template)
    pages = "pages to make: [{notebook, parameters, executed, output}]"
    links = "every page, these too: [{title, address, menu}]"
    for name, about in (("pages", pages), ("links", links)):
        as_json = {"type": command.json_argument, "help": f"JSON: {about}"}
        parser.add_argument(f"--{name}", required=True, **as_json)
    args = parser.parse_args(argv)

    messages = []
    for page in args.pages:
        logging.info("%s", page["output"])
        try:
            make(page, args.template, args.links)
        except UserError as error:
            messages.append(str(error))
    if messages:  # once each: several pages may read the same damaged table
        raise UserError("\n".join(dict.fromkeys(messages)))


if __name__ == "__main__":
    run(main)
