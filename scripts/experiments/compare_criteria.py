"""Accuracy against sparsity on HAR-2: Global MP, its baselines, one-shot and gradual, several seeds, error
bars.

    python scripts/experiments/compare_criteria.py --output runs/criteria
    python scripts/experiments/compare_criteria.py --criteria global --minimums 0 20 --output runs/global-mp

All runs of one criterion and schedule train as one batched model. Stop it whenever you like: the same command
goes on from the last checkpoint. Writes runs.csv (every run), curve.csv (means) and curve.png.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from har.criteria import SCHEDULES, CurvePlan, CurveRow, mean_and_deviation, sparsity_curve
from har.dataset import load_har
from tinygmp.prune.baselines import CRITERIA

DISTINCT = [name for name in CRITERIA if name != "global-rescaled"]  # equals "global" without a minimum


def main() -> None:
    options = arguments()
    plan = CurvePlan(
        criteria=options.criteria,
        schedules=options.schedules,
        minimums=options.minimums,
        sparsities=options.sparsities,
        seeds=range(options.seeds),
        hidden=options.hidden,
        dense_epochs=options.dense_epochs,
        epochs=options.epochs,
        windows=options.windows,
    )
    data = load_har(options.data)
    print(f"data: {data.name}, {len(data.train)} training and {len(data.test)} test windows")
    rows = sparsity_curve(plan, data, options.output, lambda line: print(line, flush=True))
    write_means(options.output / "curve.csv", rows)
    draw(options.output / "curve.png", rows, data.name)
    print((options.output / "curve.csv").read_text())


def write_means(path: Path, rows: Sequence[CurveRow]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["criterion", "schedule", "minimum", "sparsity", "last_mean", "last_deviation", "best_mean"]
        )
        for key, figures in sorted(mean_and_deviation(rows).items()):
            writer.writerow([*key, *(f"{figure:.2f}" for figure in figures)])
    os.replace(partial, path)


def draw(path: Path, rows: Sequence[CurveRow], data_name: str) -> None:
    """Draw one line with error bars (one deviation over seeds, last epoch) per criterion, schedule and
    minimum.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5), constrained_layout=True)
    means = mean_and_deviation(rows)
    lines = sorted({key[:3] for key in means} - {("dense", "dense", 0)})
    kinds = sorted({(criterion, minimum) for criterion, _, minimum in lines})
    for line in lines:
        points = sorted(key for key in means if key[:3] == line)
        criterion, schedule, minimum = line
        label = f"{criterion}, {schedule}" + (f", at least {minimum}" if minimum else "")
        axes.errorbar(
            [100 * key[3] for key in points],
            [means[key][0] for key in points],
            [means[key][1] for key in points],
            label=label,
            color=f"C{kinds.index((criterion, minimum))}",
            capsize=3,
            marker="o",
            linestyle="-" if schedule == "gradual" else "--",
        )
    dense = means[("dense", "dense", 0, 0.0)]
    axes.axhline(dense[0], color="black", linewidth=0.8, label=f"dense {dense[0]:.2f} +- {dense[1]:.2f}")
    axes.set(
        xlabel="sparsity % (zeros)", ylabel="test accuracy %, last epoch", title=f"FastGRNN, {data_name}"
    )
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, dpi=150)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder or zip of UCI HAR, or 'synthetic'; default: the best there is")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--criteria", nargs="+", choices=CRITERIA, default=DISTINCT)
    parser.add_argument("--schedules", nargs="+", choices=SCHEDULES, default=list(SCHEDULES))
    parser.add_argument(
        "--minimums", nargs="+", type=int, default=[0], help="weights that every matrix keeps"
    )
    parser.add_argument("--sparsities", nargs="+", type=float, default=[0.5, 0.8, 0.9, 0.95, 0.98])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=80)
    parser.add_argument("--dense-epochs", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--windows", type=int, default=0, help="train on this many windows only (0: all)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
