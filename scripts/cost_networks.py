"""The networks of fit_cost_model.py: random ones to fit to, and others, real shapes among them, to judge by."""

import os
from collections.abc import Iterator

import numpy as np
from mlperf_measures import packed
from mlperf_networks import NETWORKS, files_of

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.graph.operators.window import Window, same_padding
from tinygmp.graph.random_graph import RandomGraph, random_graph
from tinygmp.graph.random_image_model import RandomChain, random_image_model
from tinygmp.graph.random_weights import random_weights
from tinygmp.graph.values import Value
from tinygmp.sparse import encode

FORMATS = ("dense", "dense", "rice", "bitmask", "csr8", "csr16")
DENSITIES = (0.05, 0.1, 0.15, 0.25, 0.35, 0.55, 0.7)
KERNELS = ((3, 3), (3, 3), (5, 5), (1, 3), (5, 1), (2, 2), (1, 1))  # the last of strided shortcuts only
LARGEST_MAP = 24_000  # elements
LARGEST_WORK = 900_000  # multiply-adds of a layer, so that a fit takes minutes
FAR = 4096.0  # what the factor of one channel is smaller by, so that scaling takes the long way
HELD_OUT_SEEDS = range(9000, 9008)
VWW_DENSITIES = (1.0, 0.25, 0.1)


class LayerMix(RandomGraph):
    """A random graph of the sizes that networks on microcontrollers have, every layer in a random storage format.

    Most round as packed models do and cut nothing before int8 does it; a third has a factor far from the others.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed, LARGEST_MAP)
        self.cuts = self.rng.random() < 0.15
        self.far = self.rng.random() < 0.35
        if self.rng.random() < 0.8:
            self.rounding = "fp32"

    def limits(self) -> Limits:
        return super().limits() if self.cuts else NO_LIMITS

    def input_shape(self) -> tuple[int, ...]:
        """Return a picture, a spectrogram or a series."""
        rows, columns = (int(self.rng.integers(3, 49)) for _ in range(2))
        channels = int(self.rng.choice([1, 3, 4, 8, 10, 16, 24, 32]))
        return (1 if self.rng.random() < 0.15 else rows), columns, channels

    def steps(self):  # type: ignore[no-untyped-def]
        return [*(self.pointwise,) * 4, *(self.depthwise,) * 3, *(self.convolve,) * 3, *super().steps()]

    def fields(self, columns: int, outputs: int, read: Value, written: float) -> dict:
        index = str(self.rng.choice(FORMATS))
        kept = 1.0 if index == "dense" else float(self.rng.choice(DENSITIES))
        index = "csr16" if index == "csr8" and columns > 256 else index
        q = random_weights(self.rng, outputs, columns, kept)
        spread = 73 * 73 * np.sqrt(max(1.0, columns * kept))
        scales = 60 * written / (read.scale * spread) * self.rng.uniform(0.7, 1.4, outputs)
        if self.far:
            scales[0] /= FAR
        return {
            "weights": encode(f"n{len(self.nodes)}.weights", q, 1.0, index),
            "weight_scales": scales.astype(np.float32),
            "bias": (self.rng.normal(0, 0.5, outputs) * spread).astype(np.int32),
            "limits": self.limits(),
            "rounding": self.rounding,
        }

    def outputs(self, positions: int, columns: int) -> int:
        """Return a number of output channels that neither the map nor the work makes too many."""
        most = min(160, LARGEST_MAP // positions, LARGEST_WORK // (positions * columns))
        usual = int(self.rng.choice([4, 8, 10, 16, 24, 32, 48, 64, 96, 128, 160]))
        return max(1, min(most, usual))

    def same(self, read: Value, kernel: tuple[int, int], strides: tuple[int, ...]) -> Window:
        rows, columns, _ = read.map_shape
        stride = (int(self.rng.choice(strides)),) * 2
        return Window(kernel, stride, padding=same_padding(rows, columns, kernel, stride))

    def convolve(self) -> None:
        read, written = self.pick_map(), self.scale()
        window = self.same(read, KERNELS[int(self.rng.integers(len(KERNELS)))], (1, 1, 2))
        rows, columns = window.output(*read.map_shape[:2])
        taken = window.taps * read.channels
        outputs = self.outputs(rows * columns, taken)
        fields = self.fields(taken, outputs, read, written)
        self.write(Conv2d(**fields, window=window), [read], (rows, columns, outputs), written, self.zero())

    def pointwise(self) -> None:
        read, written = self.pick_map(), self.scale()
        outputs = self.outputs(read.positions, read.channels)
        fields = self.fields(read.channels, outputs, read, written)
        self.write(Conv2d(**fields), [read], (*read.map_shape[:2], outputs), written, self.zero())

    def depthwise(self) -> None:
        read, written = self.pick_map(), self.scale()
        kernel = (3, 3) if self.rng.random() < 0.7 else KERNELS[int(self.rng.integers(len(KERNELS) - 1))]
        window = self.same(read, kernel, (1, 1, 2))
        rows, columns = window.output(*read.map_shape[:2])
        fields = self.fields(window.taps, read.channels, read, written)
        shape = (rows, columns, read.channels)
        self.write(DepthwiseConv2d(**fields, window=window), [read], shape, written, self.zero())

    def fully_connect(self) -> None:
        read = self.pick()
        if read.size < 2000:
            self.full(read, int(self.rng.choice([4, 10, 32, 64, 128])), self.limits())


class FarChain(RandomChain):
    """A chain with one channel of a layer whose factor is far from the others."""

    def weights(self, name: str, outputs: int, columns: int, pruned: bool, scale_after: float) -> dict:
        fields = super().weights(name, outputs, columns, pruned, scale_after)
        if name == "pw1":
            fields["weight_scales"][0] /= FAR
        return fields


def separable_chain(seed: int) -> PackedModel:
    """Return a chain of separable convolutions as MobileNet has them, of random sizes, formats and densities."""
    rng = np.random.default_rng([seed, 3])
    index, rounding = str(rng.choice(FORMATS)), "fp32" if rng.random() < 0.9 else "gemmlowp"
    kept = 1.0 if index == "dense" else float(rng.choice(DENSITIES))
    kind = FarChain if rng.random() < 0.35 else RandomChain
    chain = kind(seed, int(rng.integers(8, 81)), kept, "csr16" if index == "csr8" else index, rounding)
    chain.convolve(
        "stem", int(rng.choice([4, 6, 8, 12, 16, 24])), int(rng.choice([3, 3, 5])), int(rng.integers(1, 3))
    )
    for number in range(1, int(rng.integers(3, 9))):
        size, before = chain.after.map_shape[0], chain.after.channels
        stride = 2 if size > 4 and rng.random() < (0.7 if size > 24 else 0.35) else 1
        chain.convolve(f"dw{number}", before, 3, stride, depthwise=True)
        most = min(
            256, LARGEST_MAP // chain.after.positions, LARGEST_WORK // (chain.after.positions * before)
        )
        wanted = before * (2 if stride == 2 or rng.random() < 0.4 else 1) + int(rng.choice([0, 0, 0, 2, 3]))
        chain.convolve(f"pw{number}", max(1, min(most, wanted)), 1, 1)
    classes = int(rng.integers(2, 13))
    return chain.finished(f"chain{seed}", tuple(f"class{index}" for index in range(classes)))


def matrix_stack(seed: int) -> PackedModel:
    """Return a stack of matrices as an autoencoder has them."""
    graph = LayerMix(seed)
    graph.cuts, graph.rounding = False, "fp32"
    graph.add_input()
    for _ in range(int(graph.rng.integers(4, 9))):
        graph.full(graph.maps[-1], int(graph.rng.choice([4, 8, 10, 32, 64, 128, 256])), NO_LIMITS)
    return graph.finished([graph.classify()])


def networks_to_fit(count: int) -> Iterator[tuple[str, PackedModel]]:
    """Yield random networks: chains of separable convolutions, mixes of every operator, some of those short so that
    most functions have one caller, stacks of matrices, and the graphs of tests, with odd windows and tiny maps.
    """
    for seed in range(count):
        if seed % 2:
            yield f"chain {seed}", separable_chain(seed)
        elif seed % 16 == 2:
            yield f"stack {seed}", matrix_stack(seed)
        elif seed % 8 == 6:
            yield f"graph {seed}", random_graph(seed, layers=12, elements=6000)
        else:
            yield f"mix {seed}", LayerMix(seed).build(3 if seed % 8 == 4 else 12)


def held_out() -> Iterator[tuple[str, PackedModel]]:
    """Yield networks that are never fitted to; MLPerf Tiny's where TINYGMP_DATA holds them."""
    for seed in HELD_OUT_SEEDS:
        yield f"chain {seed}", separable_chain(seed)
        yield f"mix {seed}", LayerMix(seed).build(12)
    for kept in VWW_DENSITIES:
        for storage in ("dense",) if kept == 1 else ("rice", "bitmask"):
            model = random_image_model(0, kept=kept, index_format=storage)
            yield f"MobileNet-V1 0.25 at 96 x 96, {zeros(kept)}, {storage}", model
    if os.environ.get("TINYGMP_DATA"):
        for network in NETWORKS.values():
            for kept in VWW_DENSITIES:
                model = packed(files_of(network), round(1 - kept, 2))
                yield f"MLPerf Tiny {network.name}, {zeros(kept)}", model


def zeros(kept: float) -> str:
    return f"{round(100 * (1 - kept))} % zeros" if kept < 1 else "dense"
