"""Show which words decided the answers of a finished run: the command `seq2report explain`."""

from seq2report.answers.explain import main
from seq2report.core.command import run

if __name__ == "__main__":
    run(main)
