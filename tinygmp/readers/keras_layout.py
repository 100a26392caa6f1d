"""How the layers of a Keras file hang together: which reads which, of both of its ways to tell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Layer:
    """A layer: its class, its name, what it was made with, and the names of the layers that it reads."""

    kind: str
    name: str
    config: Config
    reads: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"layer '{self.name}'"


def layers_of(config: Any) -> list[Layer]:
    """Return the layers of a Sequential or Functional model in the file's order; raises KeyError or TypeError."""
    given = config["layers"] if isinstance(config, Mapping) else config
    found: list[Layer] = []
    for layer in given:
        kind, own = str(layer["class_name"]), layer["config"]
        name = str(layer.get("name") or own["name"])
        if not found and kind != "InputLayer" and "batch_input_shape" in own:
            found.append(Layer("InputLayer", f"{name}_input", own, ()))
        reads = tuple(histories(layer.get("inbound_nodes") or []))
        if not reads and found and kind != "InputLayer":
            reads = (found[-1].name,)
        found.append(Layer(kind, name, own, reads))
    return found


def histories(inbound: Any) -> list[str]:
    """Return the names of layers in nested lists or dictionaries of tensors, in order."""
    if isinstance(inbound, Mapping):
        if "keras_history" in inbound:
            return [str(inbound["keras_history"][0])]
        return [name for part in inbound.values() for name in histories(part)]
    if isinstance(inbound, Sequence) and not isinstance(inbound, str):
        if len(inbound) >= 3 and isinstance(inbound[0], str) and isinstance(inbound[1], int):
            return [inbound[0]]
        return [name for part in inbound for name in histories(part)]
    return []


def outputs_of(config: Any, layers: Sequence[Layer]) -> list[str]:
    """Return the names of the layers whose results leave the model."""
    told = histories(config.get("output_layers") or []) if isinstance(config, Mapping) else []
    return told or [layers[-1].name]


def uses_of(layers: Sequence[Layer], outputs: Sequence[str]) -> Counter[str]:
    """Return how often each layer's result is read, by other layers and as an output."""
    return Counter([name for layer in layers for name in layer.reads] + list(outputs))
