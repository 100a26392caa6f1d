"""HAR-2 end to end: data, training, pruning, packing, conversion, checks on devices, report."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from har.pipeline import PipelineOptions, run_pipeline
from har.recipe import recipe_names
from tinygmp.errors import ConfigError, MissingToolError, TinyGmpError
from tinygmp.report.html import write_html
from tinygmp.report.markdown import write_markdown
from tinygmp.report.record import write_report
from tinygmp.report.terminal import print_report
from tinygmp.verify.verification import DEFAULT_BOARDS, WINDOWS_PER_CORE

errors = Console(stderr=True)


def main(
    data: Annotated[
        str | None, typer.Option(help="UCI HAR folder or zip; 'uci' never falls back, 'synthetic'")
    ] = None,
    out: Annotated[Path, typer.Option(help="folder for everything that is made")] = Path("runs/har2"),
    recipe: Annotated[str, typer.Option(help=f"{', '.join(recipe_names())}, or a TOML file")] = "default",
    seed: Annotated[int, typer.Option(help="seed of weights, batches and augmentation", min=0)] = 0,
    sparsity: Annotated[
        float | None, typer.Option(help="fraction of zeros, in place of the recipe's")
    ] = None,
    board: Annotated[list[str] | None, typer.Option(help="boards to simulate, by name or TOML file")] = None,
    windows: Annotated[
        int, typer.Option(help="test windows on each simulated core", min=1)
    ] = WINDOWS_PER_CORE,
    quick: Annotated[bool, typer.Option("--quick", help="the whole chain in about a minute")] = False,
) -> None:
    """Run the pipeline; exit code 1 when a check fails, 2 for bad input, 3 when a tool is missing."""
    options = PipelineOptions(out, data, recipe, seed, sparsity, tuple(board or DEFAULT_BOARDS), windows)
    try:
        options = quickened(options) if quick else options
        report = run_pipeline(options)
        write_report(report, out / "report.json")
        write_html(report, out / "report.html")
        write_markdown(report, out / "report.md")
    except MissingToolError as error:
        stop(error, 3)
    except TinyGmpError as error:
        stop(error, 2)
    print_report(report, Console(width=None if sys.stdout.isatty() else 140))
    print(f"report: {out / 'report.html'}")
    sys.exit(0 if report.passed else 1)


def quickened(options: PipelineOptions) -> PipelineOptions:
    """Return the options of a smoke run, which has a recipe of its own."""
    if options.recipe != "default":
        raise ConfigError(
            f"--quick has its own recipe; leave out --recipe {options.recipe}, or leave out --quick"
        )
    return replace(options, recipe="quick", windows_per_core=2)


def stop(error: TinyGmpError, code: int) -> None:
    errors.print(f"error: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    typer.run(main)
