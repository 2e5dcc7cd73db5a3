"""Make a page of the report that can be sent alone: without menus and what leads to other files.

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
# Parts that only lead to other files: `html.beside`, `html.downloads`.
BESIDE = re.compile(r'<(section|p|span) class="(?:soft )?beside">.*?</\1>', re.DOTALL)
LISTED = re.compile(r'<a class="level-\d" href="#([^"]+)">.*?</a>')  # in the contents
MAIN = re.compile(r"<body>.*</main>", re.DOTALL)  # the scripts come after it


def alone(page: str) -> str:
    """Return a page without its menus and `BESIDE`; other links to files become text."""

    def without_links(main: re.Match) -> str:
        kept = BESIDE.sub("", MENUS.sub("", main[0], count=1))
        kept = LISTED.sub(lambda link: link[0] if f'id="{link[1]}"' in kept else "", kept)
        return LINK.sub(r"<span>\1</span>", kept)

    return MAIN.sub(without_links, page)


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
