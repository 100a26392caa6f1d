"""PackedModel: the seam between training and everything that runs without PyTorch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from tinygmp.errors import ConfigError
from tinygmp.packed.layers import FastGrnn, FullyConnected, Layer, SensorInput, packed_tensors
from tinygmp.sparse.tensor import PackedTensor

C_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,47}")


@dataclass(frozen=True)
class PackedModel:
    """A network as integers: layers in order of execution, class names and where it came from.

    `name` must be a lower-case C identifier, since it prefixes every symbol of the generated code.
    `steps` is the window length that the model was trained on (a recurrent model may also run forever).
    `provenance` holds at least data, synthetic ('yes' / 'no'), seed, recipe and commit.
    """

    name: str
    layers: tuple[Layer, ...]
    labels: tuple[str, ...]
    steps: int
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not C_IDENTIFIER.fullmatch(self.name):
            raise ConfigError(f"model name '{self.name}': use lower-case letters, digits and '_', at most 48")
        kinds = tuple(type(layer) for layer in self.layers)
        if kinds != (SensorInput, FastGrnn, FullyConnected):
            raise ConfigError(
                f"model '{self.name}': layers {[k.__name__ for k in kinds]} are not a known chain"
            )
        check_widths(self)
        if self.steps < 1:
            raise ConfigError(f"model '{self.name}': steps {self.steps} must be at least 1")

    @property
    def input(self) -> SensorInput:
        return cast(SensorInput, self.layers[0])

    @property
    def cell(self) -> FastGrnn:
        return cast(FastGrnn, self.layers[1])

    @property
    def classifier(self) -> FullyConnected:
        return cast(FullyConnected, self.layers[2])

    @property
    def synthetic(self) -> bool:
        """True when any part of the training data was synthetic."""
        return self.provenance.get("synthetic", "no") == "yes"

    def tensors(self) -> tuple[PackedTensor, ...]:
        """Return every packed weight tensor, in the order of execution."""
        return tuple(tensor for layer in self.layers for tensor in packed_tensors(layer))

    @property
    def nnz(self) -> int:
        return sum(tensor.nnz for tensor in self.tensors())


def check_widths(model: PackedModel) -> None:
    widths = {
        "input channels and columns of W": (model.input.channels, model.cell.input_size),
        "hidden units and classifier inputs": (model.cell.hidden_size, model.classifier.weights.shape[1]),
        "classes and labels": (model.classifier.weights.shape[0], len(model.labels)),
    }
    for what, (left, right) in widths.items():
        if left != right:
            raise ConfigError(f"model '{model.name}': {what} differ: {left} and {right}")
