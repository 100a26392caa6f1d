"""Pack a trained HAR-2 network, and measure the packed model with the integer reference."""

import subprocess
from pathlib import Path

import numpy as np

from har.data import HarData, Split
from har.labels import HAR2_LABELS
from har.sensor import to_counts
from har.training import Prepared
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.fastgrnn import PackIdentity, pack_fastgrnn
from tinygmp.pack.storage import SMALLEST, Storage
from tinygmp.packed.model import PackedModel
from tinygmp.packed.reference import run

CALIBRATION_WINDOWS = 200


def pack_har(
    weights: FastGrnnWeights,
    prepared: Prepared,
    data: HarData,
    recipe: str,
    seed: int,
    storage: Storage = SMALLEST,
) -> PackedModel:
    """Return the packed model, calibrated on evenly spread training windows."""
    chosen = np.linspace(0, len(prepared.train) - 1, min(CALIBRATION_WINDOWS, len(prepared.train))).astype(
        int
    )
    identity = PackIdentity("har2", HAR2_LABELS, provenance(data, recipe, seed))
    return pack_fastgrnn(
        weights, prepared.scaling, to_counts(prepared.train.windows[chosen]), identity, storage
    )


def provenance(data: HarData, recipe: str, seed: int) -> dict[str, str]:
    return {
        "data": data.name,
        "data_sha256": data.sha256,
        "synthetic": "yes" if data.synthetic else "no",
        "recipe": recipe,
        "seed": str(seed),
        "commit": source_commit(),
    }


def source_commit() -> str:
    """Return the commit of this source tree, with '+' when it has changes, or 'unknown' outside a repository."""
    folder = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
        )
        dirty = subprocess.run(
            ["git", "diff", "--quiet", "HEAD"], cwd=folder, capture_output=True, check=False
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.strip()[:12] + ("+" if dirty.returncode else "")


def packed_accuracy(model: PackedModel, split: Split) -> float:
    """Return the percentage of windows that the integer reference classifies as labelled."""
    return 100.0 * float(np.mean(run(model, to_counts(split.windows)).classes == split.labels))
