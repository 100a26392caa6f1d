"""Every function of the Python API has an example, and every example is true."""

import doctest
import inspect

import pytest

from tinygmp import api, cli

FUNCTIONS = {
    name: thing
    for name, thing in vars(api).items()
    if inspect.isfunction(thing) and thing.__module__ == api.__name__
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_example_runs(name):
    found = doctest.DocTestFinder(recurse=False).find(FUNCTIONS[name], name, globs=vars(api))[0]
    assert found.examples, f"tinygmp.api.{name} has no example"
    result = doctest.DocTestRunner().run(found)
    assert result.failed == 0
    assert result.attempted == len(found.examples)


def test_every_command_has_its_function():
    commands = {command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    assert commands - set(FUNCTIONS) <= {"reproduce", "pack_images"}  # the latter is another name of pack
