"""The command line. Exit codes: 0 ok, 1 a check failed, 2 bad usage or input, 3 a tool is missing, 70 a fault of
tinygmp itself."""

import sys
from typing import Annotated

import typer

from tinygmp import __version__
from tinygmp.commands.boards import boards
from tinygmp.commands.budget import budget
from tinygmp.commands.convert import convert
from tinygmp.commands.doctor import doctor
from tinygmp.commands.fit import fit
from tinygmp.commands.init import init
from tinygmp.commands.inspect import inspect
from tinygmp.commands.options import BAD_INPUT, TOOL_MISSING
from tinygmp.commands.pack import pack
from tinygmp.commands.pack_network import pack_images
from tinygmp.commands.prune import prune
from tinygmp.commands.report import report
from tinygmp.commands.reproduce import reproduce
from tinygmp.commands.show import complain
from tinygmp.commands.train import train
from tinygmp.commands.train_images import train_images
from tinygmp.commands.verify import verify
from tinygmp.errors import MissingToolError, TinyGmpError
from tinygmp.surprise import end_with, told

app = typer.Typer(
    name="tinygmp",
    help="Tiny networks by global magnitude pruning: convert, check and budget packed models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    init,
    train,
    train_images,
    prune,
    fit,
    pack,
    pack_images,
    convert,
    budget,
    verify,
    inspect,
    boards,
    doctor,
    report,
    reproduce,
):
    app.command()(command)


def print_version(asked: bool) -> None:
    if asked:
        print(f"tinygmp {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Tiny networks by global magnitude pruning: convert, check and budget packed models."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        app()
    except MissingToolError as error:
        complain(str(error))
        sys.exit(TOOL_MISSING)
    except TinyGmpError as error:
        complain(str(error))
        sys.exit(BAD_INPUT)
    except Exception as error:
        end_with(told(error, sys.argv[1:]))


if __name__ == "__main__":
    main()
