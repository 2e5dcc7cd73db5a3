"""Write documents for others to classify: the command `seq2report export-documents`."""

from seq2report.core.command import run
from seq2report.documents.export import main

if __name__ == "__main__":
    run(main)
