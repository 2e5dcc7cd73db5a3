"""The cells of a notebook, run in the process that makes the page.

A kernel in a process of its own takes longer to start than most pages take to make.
"""

import sys
import tempfile
import traceback

from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.engines import Engine, NotebookExecutionManager
from traitlets import Type
from traitlets.config import Config

IN_PROCESS = "in-process"  # the name of the engine


class Result(DisplayHook):
    """Shows the value of a cell's last line like everything else that the cell displays."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.display_pub.publish(format_dict, md_dict or {})


class Shell(InteractiveShell):
    """Keeps the errors of a cell instead of printing them."""

    displayhook_class = Type(Result)

    def __init__(self, **settings) -> None:
        self.errors: list[BaseException] = []
        super().__init__(**settings)

    def showtraceback(self, exc_tuple=None, *_, **__) -> None:
        self.errors.append((exc_tuple or sys.exc_info())[1])

    showsyntaxerror = showtraceback


class InProcess(Engine):
    """An engine of papermill that needs no kernel, and no file of the user's."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, *_, **__) -> None:
        hooks, names = (sys.displayhook, sys.excepthook), Config(HistoryManager={"enabled": False})
        with tempfile.TemporaryDirectory(prefix="seq2report-") as own:
            shell = Shell.instance(config=names, ipython_dir=own)
            try:
                for index, cell in enumerate(nb_man.nb.cells):
                    nb_man.cell_start(cell, index)
                    error = run_cell(shell, cell) if cell.cell_type == "code" else None
                    if error:
                        nb_man.cell_exception(cell, cell_index=index, exception=error)
                    nb_man.cell_complete(cell, cell_index=index)
                    if error:
                        break
            finally:
                Shell.clear_instance()
                sys.displayhook, sys.excepthook = hooks


def run_cell(shell: Shell, cell: NotebookNode) -> BaseException | None:
    """Run a cell, set its outputs, and return its error, if any.

    Raises:
        KeyboardInterrupt: the command was stopped.
    """
    shell.errors.clear()
    with capture_output() as captured:
        result = shell.run_cell(cell.source, store_history=True)
    cell.execution_count = result.execution_count
    texts = {"stdout": captured.stdout, "stderr": captured.stderr}
    cell.outputs = [
        *(new_output("stream", name=name, text=text) for name, text in texts.items() if text),
        *(
            new_output("display_data", shown.data, metadata=shown.metadata)
            for shown in captured.outputs
        ),
    ]
    errors = [*shell.errors, *filter(None, (result.error_before_exec, result.error_in_exec))]
    if not errors:
        return None
    if isinstance(errors[0], KeyboardInterrupt):
        raise errors[0]
    lines = traceback.format_exception(errors[0])
    name = type(errors[0]).__name__
    cell.outputs.append(new_output("error", ename=name, evalue=str(errors[0]), traceback=lines))
    return errors[0]
