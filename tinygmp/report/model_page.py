"""Pictures and tables of one model as an HTML page without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

TEMPLATE = "model_page.html.j2"
INK = "#222222"  # of a picture that lies in no page


@dataclass(frozen=True)
class Part:
    """A picture, SVG text, and the table under it."""

    title: str
    picture: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def model_page(title: str, parts: Sequence[Part]) -> str:
    """Return the page."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = resources.files("tinygmp.report").joinpath(TEMPLATE).read_text(encoding="utf-8")
    drawn = [vars(part) | {"picture": Markup(part.picture)} for part in parts]
    return environment.from_string(text).render(title=title, parts=drawn)


def svg_file(element: str) -> str:
    """Return one <svg> element as a file of its own."""
    space = '<svg xmlns="http://www.w3.org/2000/svg"'
    text = element if "xmlns=" in element else element.replace("<svg", space, 1)
    return f"{text.replace('currentColor', INK)}\n"
