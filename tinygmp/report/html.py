"""The report as one HTML file: no network, plots inside, and a few lines of script that sort its tables."""

from importlib import resources
from pathlib import Path
from typing import Any

from tinygmp.artifact import write_atomically
from tinygmp.report.record import Report

TEMPLATE = "report.html.j2"


def to_html(report: Report) -> str:
    """Return the page; raises MissingToolError without matplotlib."""
    import jinja2
    from markupsafe import Markup

    from tinygmp.report import plots, rows, run_plots, treemap, words

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["seconds"] = seconds
    text = resources.files("tinygmp.report").joinpath(TEMPLATE).read_text(encoding="utf-8")
    drawn: dict[str, Any] = {
        "accuracy": Markup(plots.accuracy_against_bytes(report)),
        "flash": Markup(treemap.flash_treemap(report)),
        "parts": Markup(plots.bytes_by_part(report.packed.by_part)),
        "sparsity": Markup(plots.sparsity_by_matrix(report)),
        "training": Markup(run_plots.training_curves(report)) if report.training else "",
        "fits": [Markup(run_plots.fit_front(fit, number)) for number, fit in enumerate(report.fits)],
    }
    what = report.data.grouped_by
    return environment.from_string(text).render(
        report=report,
        plots=drawn,
        banner=rows.SYNTHETIC_BANNER,
        extent=words.extent(report.data),
        split_sentence=words.split_sentence(report.data),
        left_out_sentence=words.left_out_sentence(report),
        one_of_groups=words.ONE.get(what, what),
        counted=words.counted,
        fits=[rows.fit_rows(fit) for fit in report.fits],
        unknown=[words.unknown_sentences(fit.unknown) if fit.unknown else () for fit in report.fits],
        answers=rows.answer_cells(report.answers) if report.answers else [],
        groups=rows.group_rows(report.answers) if report.answers else [],
        left_out=rows.left_out_rows(report.left_out) if report.left_out else [],
        heads={
            "stages": rows.STAGE_HEAD,
            "artifacts": rows.ARTIFACT_HEAD,
            "devices": rows.DEVICE_HEAD,
            "groups": (words.ONE.get(what, what), "all", *(report.answers.classes if report.answers else ())),
            "left_out": ("left out", "accuracy"),
            "fits": rows.FIT_HEAD,
        },
        stages=rows.stage_rows(report),
        artifacts=rows.artifact_rows(report),
        devices=rows.device_rows(report),
    )


def write_html(report: Report, path: Path) -> Path:
    """Write report.html in one atomic step; raises OutputError or MissingToolError."""
    write_atomically(path, to_html(report).encode())
    return path


def seconds(value: float) -> str:
    """Return a duration as people say it: '8.2 s', '3 min 05 s'."""
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60:02d} s"
