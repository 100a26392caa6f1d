"""What packing cost: a packed model beside the float network, on samples that calibration did not see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.pack.cell_search import model_inputs

LEAST_AGREEMENT = 0.99
MOST_ERROR = 0.1  # in deviations of the output
WORST_VALUES = 5
WORST_SAMPLES = 16  # of each value's loss, which is for a ranking only


@dataclass(frozen=True)
class Limits:
    """agreement: share of samples with the float network's class, 0 to 1; error: of networks without classes."""

    agreement: float = LEAST_AGREEMENT
    error: float = MOST_ERROR

    def __post_init__(self) -> None:
        if not 0 <= self.agreement <= 1:
            raise ConfigError(f"agreement {self.agreement} is outside 0..1; 0.99 means 99 of 100 samples")
        if not self.error > 0:
            raise ConfigError(f"error {self.error} must be above 0 deviations; 0.1 is usual")


USUAL_LIMITS = Limits()


@dataclass(frozen=True)
class Fidelity:
    """agreement: share of samples with the float network's class, None without classes. output_error: root mean square
    difference of all outputs, each in its own deviations over the samples. accuracy_*: share of samples with the right
    class, None without labels. losses: values that lose most, by the error that their integers alone make, largest
    first; measured only where the limits are missed.
    """

    samples: int
    agreement: float | None
    output_error: float
    limits: Limits = USUAL_LIMITS
    accuracy_float: float | None = None
    accuracy_packed: float | None = None
    losses: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """True within the limits: of the class where there are classes, else of the outputs."""
        if self.agreement is not None:
            return self.agreement >= self.limits.agreement
        return self.output_error <= self.limits.error

    def sentence(self) -> str:
        """Return the result in words."""
        told = f"outputs differ by {self.output_error:.3f} of their deviations"
        if self.agreement is None:
            return f"{told}, at most {self.limits.error:g} is wanted"
        return (
            f"{100 * self.agreement:.1f} % of {self.samples} samples held apart get the float network's class, "
            f"{100 * self.limits.agreement:g} % are wanted; {told}"
        )


def fidelity(
    graph: FloatGraph,
    model: PackedModel,
    inputs: Sequence[np.ndarray],
    labels: np.ndarray | None = None,
    limits: Limits = USUAL_LIMITS,
) -> Fidelity:
    """Compare the first output of a packed model with that of the graph it was packed of.

    inputs: as the graph takes them, samples that calibration did not see; labels int64 [samples]. Raises DataError
    without samples.
    """
    if not len(inputs[0]):
        raise DataError(
            "no samples are held apart to check the packed model with; give more to calibrate with"
        )
    expected = graph.logits(*inputs)
    found = model.output.real(run(model, *model_inputs(model, inputs)).logits)
    classes = bool(model.labels)
    right, got = expected.argmax(axis=1), found.argmax(axis=1)
    return Fidelity(
        samples=len(expected),
        agreement=float((right == got).mean()) if classes else None,
        output_error=output_error(expected, found),
        limits=limits,
        accuracy_float=None if labels is None or not classes else float((right == labels).mean()),
        accuracy_packed=None if labels is None or not classes else float((got == labels).mean()),
    )


def with_losses(
    result: Fidelity, graph: FloatGraph, model: PackedModel, inputs: Sequence[np.ndarray]
) -> Fidelity:
    """Return a result that misses its limits with the values that lose most; others, and of cells, as they are."""
    if result.holds or graph.recurrent:
        return result
    losses = losses_by_value(graph, model, tuple(array[:WORST_SAMPLES] for array in inputs))
    worst = sorted(losses, key=lambda name: -losses[name])[:WORST_VALUES]
    return replace(result, losses={name: losses[name] for name in worst})


def output_error(expected: np.ndarray, found: np.ndarray) -> float:
    """Return the root mean square difference in deviations of each output; a constant output counts in all outputs'."""
    spread = expected.std(axis=0)
    overall = float(expected.std()) or 1.0
    spread = np.where(spread > 1e-3 * overall, spread, overall)
    return float(np.sqrt((((found - expected) / spread) ** 2).mean()))


def losses_by_value(graph: FloatGraph, model: PackedModel, inputs: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the output error that rounding each value alone to its integers makes, by value."""
    exact = graph.trace(*inputs)
    expected = exact[graph.outputs[0]].reshape(len(inputs[0]), -1)
    found = {}
    for at, node in enumerate(graph.nodes):
        for name in node.writes:
            if name not in model.values or model.values[name].scale == 0:
                continue
            if model.values[name].shape != graph.shapes[name]:
                continue  # channels that packing left out
            value = model.values[name]
            changed = exact | {name: value.real(value.quantize(exact[name]))}
            graph.execute(graph.nodes[at + 1 :], changed)
            found[name] = output_error(expected, changed[graph.outputs[0]].reshape(len(expected), -1))
    return found
