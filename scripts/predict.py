"""Classify documents with the model of a finished run: the command `seq2report predict`."""

from seq2report.answers.predict import main
from seq2report.core.command import run

if __name__ == "__main__":
    run(main)
