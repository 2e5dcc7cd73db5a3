"""Names of the labelled parts of a picture, with a sample of their line or colour."""

from collections.abc import Iterable
from itertools import chain

from matplotlib.artist import Artist
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.container import Container, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from seq2report.report.plots import INK, Name, shown_label

DASHES = {"--": "5 3", ":": "2 2", "-.": "6 2 2 2"}
WIDTH, HEIGHT, MARKER = 26, 12, 8  # pixels of a sample and of its marker
AREA = f"M5 1H{WIDTH - 5}V{HEIGHT - 1}H5Z"


def labelled(figures: Iterable[Figure]) -> list[Name]:
    """Return one name per label in some figures, and mark its parts, which a reader can choose."""
    parts: dict[str, list[Artist]] = {}
    for axes in (axes for figure in figures for axes in figure.axes):
        drawn = axes.lines, axes.containers, axes.patches, axes.collections, axes.texts
        for artist in chain(*drawn):
            parts.setdefault(shown_label(artist.get_label()), []).append(artist)
    parts.pop("", None)
    names = []
    for n, (label, artists) in enumerate(parts.items(), 1):
        for artist in artists:
            inside = artist.get_children() if isinstance(artist, Container) else [artist]
            for each in inside:
                each.set_gid(f"of-{n}")
        names.append(Name(label, key=str(n), sample=sample(*artists)))
    return names


def sample(*artists: Artist) -> str:
    """Return a small SVG with the areas, lines and markers of some artists, each once."""
    areas, lines, markers = {}, {}, {}
    for artist in artists:
        line = artist[0] if isinstance(artist, ErrorbarContainer) else artist
        if isinstance(line, Line2D):
            lines[_line(line)] = markers[_marker_of_line(line)] = None
        elif isinstance(line, PathCollection):
            markers[_marker_of_dots(line)] = None
        elif not isinstance(line, Text):
            areas[_area(line[0] if isinstance(line, Container) else line)] = None
    shapes = "".join([*areas, *lines, *markers]).replace(INK, "currentColor")
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg class="sample" {size} aria-hidden="true">{shapes}</svg>'


def _line(line: Line2D) -> str:
    style = line.get_linestyle()
    if style in ("None", "none", " ", ""):
        return ""
    dashes = f' stroke-dasharray="{DASHES[style]}"' if style in DASHES else ""
    colour = to_hex(line.get_color())
    return f'<path d="M0 {HEIGHT / 2:g}H{WIDTH}" stroke="{colour}" stroke-width="2"{dashes}/>'


def _marker_of_line(line: Line2D) -> str:
    marker = MarkerStyle(line.get_marker())
    path = marker.get_path().transformed(marker.get_transform())
    return _marker(path, to_hex(line.get_color()), to_hex(line.get_color()))


def _marker_of_dots(dots: PathCollection) -> str:
    edges, faces = dots.get_edgecolor(), dots.get_facecolor()
    face = to_hex(faces[0]) if len(faces) else "none"
    return _marker(dots.get_paths()[0], face, to_hex(edges[0]) if len(edges) else "none")


def _marker(path: Path, face: str, edge: str) -> str:
    """Return a marker, which is about one unit wide, as SVG."""
    place = Affine2D().scale(MARKER, -MARKER).translate(WIDTH / 2, HEIGHT / 2)
    outlines = path.transformed(place).to_polygons()
    drawn = "".join(f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in each)}Z" for each in outlines)
    return drawn and f'<path d="{drawn}" fill="{face}" stroke="{edge}"/>'


def _area(patch: Artist) -> str:
    """Return a bar, band or outline as SVG."""
    face, edge = (_first(each) for each in (patch.get_facecolor(), patch.get_edgecolor()))
    fill = f'fill="{to_hex(face)}" fill-opacity="{face[3]:.2g}"'
    return f'<path d="{AREA}" {fill} stroke="{"none" if face[3] else to_hex(edge)}"/>'


def _first(colours: object) -> tuple[float, float, float, float]:
    """Return the first of the colours of a collection, or the one of a patch, as RGBA."""
    rows = list(colours) or [(0, 0, 0, 0)]
    return tuple(rows[0]) if hasattr(rows[0], "__len__") else tuple(rows)
