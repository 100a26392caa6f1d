"""An extension of the documentation's docstring reader: doctests become fenced code, not nested quotes."""

import re
from typing import Any

from griffe import Extension, Object

DOCTEST = re.compile(r"(?:^>>> .*\n?(?:^(?!\s*$).*\n?)*)", re.MULTILINE)


class DoctestFences(Extension):
    """Fences every run of lines that begins with a prompt and ends before an empty line."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        if obj.docstring is not None and ">>> " in obj.docstring.value:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    """Return a docstring with its doctests fenced.

    >>> print(fenced("Add.\\n\\n>>> 1 + 1\\n2"))
    Add.
    <BLANKLINE>
    ```python
    >>> 1 + 1
    2
    ```
    """
    return DOCTEST.sub(lambda found: f"```python\n{found.group().rstrip()}\n```\n", text).rstrip()
