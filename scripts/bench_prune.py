"""Time and peak memory of global masks for ResNet-50's 25.5 M weights, against torch's two usual ways.

    python scripts/bench_prune.py [--rounds 5] [--sparsity 0.9] [--json bench_prune.json]

Every method runs in a process of its own, one thread, on the same weights (drawn layer by layer with He's
standard deviation). Peak memory is the growth of the process's high-water mark of resident memory over its
state with the weights in place; it includes the masks that each method returns.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import nn

from tinygmp.models.resnet50 import ResNet50
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.minimum import MinimumShare
from tinygmp.prune.selection import prunable_parameters


def ours(model: nn.Module, sparsity: float) -> int:
    return global_magnitude_mask(prunable_parameters(model), sparsity).nnz


def ours_with_minimum(model: nn.Module, sparsity: float) -> int:
    return global_magnitude_mask(prunable_parameters(model), sparsity, MinimumShare(0.0005)).nnz


def torch_global_unstructured(model: nn.Module, sparsity: float) -> int:
    from torch.nn.utils import prune

    layers = [part for part in model.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    prune.global_unstructured([(part, "weight") for part in layers], prune.L1Unstructured, amount=sparsity)
    return sum(int(part.get_buffer("weight_mask").count_nonzero()) for part in layers)


def kthvalue_over_concatenation(model: nn.Module, sparsity: float) -> int:
    weights = prunable_parameters(model)
    with torch.no_grad():
        magnitudes = torch.cat([weight.abs().flatten() for weight in weights.values()])
        threshold = magnitudes.kthvalue(round(sparsity * len(magnitudes))).values
        masks = {name: weight.abs() > threshold for name, weight in weights.items()}
    return sum(int(mask.sum()) for mask in masks.values())


METHODS: dict[str, Callable[[nn.Module, float], int]] = {
    "tinygmp": ours,
    "tinygmp, minimum 0.05 %": ours_with_minimum,
    "torch global_unstructured": torch_global_unstructured,
    "kthvalue over concatenation": kthvalue_over_concatenation,
}


def measure(method: str, sparsity: float) -> dict[str, float]:
    """Run one method once in this process: seconds, peak MiB, weights kept."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = ResNet50()
    METHODS[method](nn.Sequential(nn.Linear(64, 64)), sparsity)  # load code before the clock runs
    before = _reset_peak_kib()
    start = time.perf_counter()
    kept = METHODS[method](model, sparsity)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mib": (_peak_kib() - before) / 1024, "kept": kept}


def _reset_peak_kib() -> int:
    """Lower the high-water mark to now where Linux allows it, and return it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak_kib()


def _peak_kib() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        return next(
            int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")
        )
    unit = 1024 if platform.system() == "Darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


def compare(rounds: int, sparsity: float) -> dict[str, dict[str, float]]:
    """Return medians over rounds, each measurement in a fresh process, methods in turn."""
    runs: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    for _ in range(rounds):
        for method in METHODS:
            command = [sys.executable, __file__, "--only", method, "--sparsity", str(sparsity)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            runs[method].append(json.loads(answer.stdout))
    return {
        method: {key: statistics.median(run[key] for run in measured) for key in measured[0]}
        for method, measured in runs.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--only", choices=METHODS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, options.sparsity)))
        return
    medians = compare(options.rounds, options.sparsity)
    base = medians["tinygmp"]
    print(f"{'method':30}{'seconds':>9}{'ratio':>8}{'peak MiB':>10}{'ratio':>8}{'kept':>12}")
    for method, figures in medians.items():
        ratios = figures["seconds"] / base["seconds"], figures["peak_mib"] / base["peak_mib"]
        print(
            f"{method:30}{figures['seconds']:9.3f}{ratios[0]:8.1f}{figures['peak_mib']:10.1f}{ratios[1]:8.1f}"
            f"{int(figures['kept']):12,}"
        )
    if options.json:
        save(options.json, {"weights": 25_502_912, "sparsity": options.sparsity, "methods": medians})


def save(path: Path, figures: dict[str, object]) -> None:
    figures |= {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    with tempfile.NamedTemporaryFile("w", dir=path.resolve().parent, delete=False) as file:
        json.dump(figures, file, indent=1)
    os.replace(file.name, path)


if __name__ == "__main__":
    main()
