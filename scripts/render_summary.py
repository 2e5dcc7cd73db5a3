"""Make a page of the report that can be sent alone: without its menus and links to other files.

Addresses on the web and links within the page stay.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from seq2report.core import command
from seq2report.core.command import replacing, run

MENUS = re.compile(r"<nav\b.*?</nav>", re.DOTALL)
# To a file: an address on the web has a colon, and one within the page a hash sign.
LINK = re.compile(r'<a\b[^>]*\bhref="[^"#:]+(?:#[^":]*)?"[^>]*>(.*?)</a>', re.DOTALL)
MAIN = re.compile(r"<body>.*</main>", re.DOTALL)  # the scripts come after it


def alone(page: str) -> str:
    """Return a page without its menus, in which the links to other files are text."""
    return MAIN.sub(
        lambda main: LINK.sub(r"<span>\1</span>", MENUS.sub("", main[0], count=1)), page
    )


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--page", type=Path, required=True, help="page of the report")
    parser.add_argument("--output", type=Path, required=True, help="HTML file to write")
    args = parser.parse_args(argv)
    page = args.page.read_text(encoding="utf-8")
    with replacing(args.output) as part:
        part.write_text(alone(page), encoding="utf-8")


if __name__ == "__main__":
    run(main)
