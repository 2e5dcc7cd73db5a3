"""The contents of a page: an address of every section, and links to all of them."""

import re
from collections.abc import Iterator
from html import unescape

PLACE = "<!-- contents -->"  # in the template
LINK = '<a class="anchor-link".*?</a>'  # nbconvert's
HEADING = re.compile(rf'<h([23])(?: id="[^"]*")?>(.*?)(?:{LINK})?</h\1>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
FEWEST = 3  # sections of a page that lists them


def with_contents(html: str) -> str:
    """Return a page whose sections have addresses, and links to them in the `PLACE` for these.

    The address of a section is its title; that of a section within another one begins with the
    title of the outer one.
    """
    start, end = html.index("<main"), html.rindex("</main>")  # scripts have headings of their own
    main = html[start:end]
    sections = list(_sections(main))
    addresses = iter(sections)

    def linked(heading: re.Match) -> str:
        level, address, title = next(addresses)
        link = f'<a class="anchor" href="#{address}" aria-label="Link to this section">#</a>'
        name = _plain(title).replace('"', "&quot;")  # without that of the link
        return f'<h{level} id="{address}" aria-label="{name}">{title}{link}</h{level}>'

    links = "".join(
        f'<a class="level-{level}" href="#{address}">{_plain(title)}</a>'
        for level, address, title in sections
    )
    contents = (
        '<details class="contents" role="navigation" aria-label="On this page" open>'
        f"<summary>On this page</summary>{links}</details>"
    )
    shown = contents if len(sections) >= FEWEST else ""
    return html[:start].replace(PLACE, shown) + HEADING.sub(linked, main) + html[end:]


def _sections(html: str) -> Iterator[tuple[str, str, str]]:
    """Yield level, address and title as HTML of each section, in their order."""
    outer, taken = "", {"main"}
    for level, title in HEADING.findall(html):
        name = _address(title)
        if level == "2":
            outer = name
        elif outer:
            name = f"{outer}-{name}"
        address, n = name, 1
        while address in taken:
            n += 1
            address = f"{name}-{n}"
        taken.add(address)
        yield level, address, title


def _address(title: str) -> str:
    """Return the letters and digits of a title, of any script, with hyphens between them."""
    return re.sub(r"[\W_]+", "-", unescape(_plain(title))).strip("-").lower() or "section"


def _plain(title: str) -> str:
    """Return a title as HTML without its tags."""
    return TAG.sub("", title)
