"""The templates under templates/, filled in."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from converters.to_c.text import c_string, comment_safe


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("converters.to_c", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters |= {"comment": comment_safe, "c_string": c_string}
    return made


def render(template: str, context: dict[str, object]) -> bytes:
    return environment().get_template(template).render(context).encode("ascii", "backslashreplace")
