"""What every converted file says about itself: where the weights came from and what the numbers mean."""

import json

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT
from tinygmp.graph.window_chain import WindowChain

PROVENANCE_PREFIX = "provenance."


def describe_network(model: PackedModel) -> dict[str, str]:
    """Return what holds of any packed model as text by key, in a fixed order."""
    weights = model.weight_count
    facts = {
        "model": model.name,
        "synthetic": "yes" if model.synthetic else "no",
        "labels": json.dumps(list(model.labels)),
        "weights": str(weights),
        "nnz": str(model.nnz),
        "sparsity": f"{1 - model.nnz / weights if weights else 0.0:.6f}",
        "weights_payload_bytes": str(sum(tensor.payload_bytes for tensor in model.tensors())),
    }
    return facts | {
        f"{PROVENANCE_PREFIX}{key}": str(value) for key, value in sorted(model.provenance.items())
    }


def describe(model: WindowChain) -> dict[str, str]:
    """Return the metadata of a packed model of sensor windows as text by key, in a fixed order."""
    weights = sum(tensor.size for tensor in model.tensors())
    sensor = model.input
    facts = {
        "model": model.name,
        "synthetic": "yes" if model.synthetic else "no",
        "labels": json.dumps(list(model.labels)),
        "steps": str(model.steps),
        "channels": json.dumps(list(sensor.channel_names)),
        "units": json.dumps(list(sensor.units)),
        "counts_per_unit": json.dumps(list(sensor.counts_per_unit)),
        "weights": str(weights),
        "nnz": str(model.nnz),
        "sparsity": f"{1 - model.nnz / weights:.6f}",
        "state_full_scale": repr(float(STATE_LIMIT * model.state_scale)),
        "weights_payload_bytes": str(sum(tensor.payload_bytes for tensor in model.tensors())),
    }
    facts |= {f"{PROVENANCE_PREFIX}{key}": str(value) for key, value in sorted(model.provenance.items())}
    return facts
