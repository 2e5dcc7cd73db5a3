"""Use the models of finished runs, configure a corpus, and export its documents.

  seq2report predict RUN_FOLDER TEXT …   classify documents
  seq2report explain RUN_FOLDER TEXT …   show which words decided
  seq2report propose PATH                write a configuration for a table or folder of texts
  seq2report export-documents FOLDER     write the documents of a corpus for others to classify

`seq2report COMMAND --help` describes a command.
"""

import sys
from importlib import import_module

from seq2report.core import command

COMMANDS = {"predict": "answers.predict", "explain": "answers.explain", "propose": "config.propose"}
COMMANDS |= {"export-documents": "documents.export"}


def main() -> None:
    parser = command.parser(__doc__)
    parser.prog = "seq2report"
    parser.add_argument("command", choices=COMMANDS)
    name = parser.parse_args(sys.argv[1:2]).command
    sys.argv = [f"seq2report {name}", *sys.argv[2:]]  # as its help and messages name it
    command.run(import_module(f"seq2report.{COMMANDS[name]}").main)


if __name__ == "__main__":
    main()
