"""Write a configuration for a table or folder of texts: the command `seq2report propose`."""

from seq2report.config.propose import main
from seq2report.core.command import run

if __name__ == "__main__":
    run(main)
