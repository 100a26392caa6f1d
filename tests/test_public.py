"""`import tinygmp as tg` offers what it names, and imports nothing heavy until it is asked."""

import subprocess
import sys

import pytest

import tinygmp as tg
from tinygmp import api


@pytest.mark.parametrize("name", tg.PUBLIC)
def test_every_public_name_is_there(name):
    thing = getattr(tg, name)
    assert thing.__doc__
    assert tg.PUBLIC[name] == f"{thing.__module__}.{thing.__qualname__}"
    assert name in dir(tg)


def test_every_command_is_public():
    functions = {
        name for name, thing in vars(api).items() if getattr(thing, "__module__", "") == api.__name__
    }
    assert {place.removeprefix("tinygmp.api.") for place in tg.PUBLIC.values()} >= functions


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(
        AttributeError, match=r"'tinygmp' has no attribute 'quantise'; it offers .*load_model"
    ):
        tg.quantise  # noqa: B018


def test_the_import_alone_loads_nothing_else():
    code = "import sys, tinygmp; print([name for name in sys.modules if name.startswith('tinygmp.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
