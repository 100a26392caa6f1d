"""A chain of folded layers, built operation by operation by the readers of foreign files."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.models.mobilenet_v1_weights import FoldedLayer, fold_batch_norm, same_padding

SUPPORTED = (
    "square convolutions, dense or one filter a channel, batch norm after them, ReLU, ReLU6, zero padding, one average "
    "over the whole map, one fully connected layer at the end"
)
Sides = tuple[int, int, int, int]  # top, bottom, left, right


@dataclass
class FoldedChain:
    """Layers so far; `size` is the rows and columns of the newest map, `origin` names the file in messages."""

    size: int
    origin: str
    layers: list[FoldedLayer] = field(default_factory=list)
    newest: np.ndarray | None = None  # OIHW of a convolution that a batch norm may still follow
    padding: Sides = (0, 0, 0, 0)
    pooled: bool = False

    def convolve(
        self,
        place: str,
        weights: np.ndarray,
        bias: np.ndarray | None,
        stride: int,
        padding: Sides | str,
        groups: int,
    ) -> None:
        """Add a convolution, float32 OIHW; padding 'same' is TensorFlow's. After the pool a 1 x 1 one classifies."""
        outputs, inputs, height, width = weights.shape
        bias = np.zeros(outputs, np.float32) if bias is None else np.asarray(bias, np.float32)
        if self.pooled and (height, width, groups) == (1, 1, 1):
            self.classify(place, weights.reshape(outputs, inputs), bias)
            return
        depthwise = groups > 1 and groups == outputs and inputs == 1
        if self.pooled:
            raise self.unsupported(place, "a convolution after the average")
        if height != width or (groups > 1 and not depthwise):
            raise self.unsupported(
                place,
                f"a convolution with kernel {height} x {width}, {groups} groups over {outputs} channels",
            )
        padded = self.size + self.padding[0] + self.padding[1]
        sides = same_padding(padded, height, stride) if padding == "same" else padding
        assert not isinstance(sides, str)
        sides = (*(a + b for a, b in zip(sides, self.padding, strict=True)),)  # type: ignore[assignment]
        self.padding, self.newest = (0, 0, 0, 0), weights
        self.size = (self.size + sides[0] + sides[1] - height) // stride + 1
        name = f"{'dw' if depthwise else 'conv'}{len(self.layers)}"
        self.layers.append(FoldedLayer(name, flat(weights), bias, height, stride, sides, "none"))

    def batch_norm(self, place: str, parts: Sequence[np.ndarray], epsilon: float) -> None:
        """Fold gamma, beta, mean and variance into the convolution before."""
        if self.newest is None:
            raise self.unsupported(place, "a batch norm that does not follow a convolution")
        gamma, beta, mean, variance = (np.asarray(part, np.float32) for part in parts)
        before = self.layers[-1]
        weights, bias = fold_batch_norm(self.newest, gamma, beta, mean - before.bias, variance, epsilon)
        self.layers[-1] = replace(
            before, weights=flat(weights.astype(np.float32)), bias=bias.astype(np.float32)
        )
        self.newest = None

    def activate(self, place: str, low: float, high: float | None) -> None:
        names = {(0.0, None): "relu", (0.0, 6.0): "relu6"}
        kind = names.get((float(low), None if high is None or high > 1e30 else float(high)))
        if kind is None:
            raise self.unsupported(place, f"a clamp to {low} .. {high}")
        if not self.layers or self.pooled or self.layers[-1].activation != "none":
            raise self.unsupported(place, "an activation that does not follow a convolution")
        self.layers[-1], self.newest = replace(self.layers[-1], activation=kind), None

    def pad(self, place: str, sides: Sides) -> None:
        if min(sides) < 0 or self.pooled:
            raise self.unsupported(place, f"padding of {sides}")
        self.padding, self.newest = sides, None

    def pool(self, place: str) -> None:
        if self.pooled or not self.layers:
            raise self.unsupported(place, "a second average, or one before any convolution")
        self.pooled = True

    def classify(self, place: str, weights: np.ndarray, bias: np.ndarray) -> None:
        """Add the fully connected layer, weights [classes, inputs]."""
        if not self.pooled or self.classified:
            raise self.unsupported(place, "a fully connected layer that is not the one after the average")
        self.layers.append(
            FoldedLayer(
                "fc",
                np.ascontiguousarray(weights, np.float32),
                np.asarray(bias, np.float32),
                activation="none",
            )
        )

    @property
    def classified(self) -> bool:
        """True when the fully connected layer has come."""
        return bool(self.layers) and self.layers[-1].name == "fc"

    def finished(self) -> tuple[FoldedLayer, ...]:
        if not self.classified:
            raise UnsupportedError(
                f"'{self.origin}' does not end in a fully connected layer; supported: {SUPPORTED}"
            )
        return tuple(self.layers)

    def unsupported(self, place: str, why: str) -> UnsupportedError:
        return UnsupportedError(f"'{self.origin}', {place}: {why} is not supported; supported: {SUPPORTED}")


def flat(weights: np.ndarray) -> np.ndarray:
    """Return OIHW weights as [outputs, rows * columns * inputs]."""
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1).reshape(len(weights), -1))
