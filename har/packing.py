"""Pack a trained HAR-2 network, and measure the packed model with the integer reference."""

import numpy as np

from har.data import HarData, Split
from har.labels import HAR2_LABELS
from har.sensor import RATE_HZ, to_counts
from har.training import Prepared
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.window_classifier import with_sensor
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import PackSettings
from tinygmp.pack.storage import SMALLEST, Storage
from tinygmp.projects.source_commit import source_commit

CALIBRATION_WINDOWS = 200


def pack_har(
    graph: FloatGraph,
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
    counts = to_counts(prepared.train.windows[chosen])
    return pack(with_sensor(graph, prepared.scaling), counts, identity, PackSettings(storage))


def provenance(data: HarData, recipe: str, seed: int) -> dict[str, str]:
    return {
        "data": data.name,
        "data_sha256": data.sha256,
        "synthetic": "yes" if data.synthetic else "no",
        "recipe": recipe,
        "seed": str(seed),
        "commit": source_commit(),
        "rate_hz": f"{RATE_HZ:g}",
    }


def packed_accuracy(model: PackedModel, split: Split) -> float:
    """Return the percentage of windows that the integer reference classifies as labelled."""
    return 100.0 * float(np.mean(run(model, to_counts(split.windows)).classes == split.labels))
