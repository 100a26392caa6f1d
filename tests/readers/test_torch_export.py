"""Foreign modules through torch.export: the folded chain computes what the module computes, or is refused by name."""

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError, UnsupportedError
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.reference.run import run
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.models.resnet_cifar import resnet32
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.readers.torch_export import exported, graph_of_module

SIZE = 32


def block(inputs: int, outputs: int, stride: int, bias: bool = False) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=bias),
        nn.BatchNorm2d(inputs),
        nn.ReLU6(),
        nn.Conv2d(inputs, outputs, 1, bias=bias),
        nn.BatchNorm2d(outputs, affine=not bias),
        nn.ReLU(),
    ]


class Small(nn.Module):
    """A chain of everything that is supported, in a class that tinygmp has never seen."""

    def __init__(self, bias: bool = False, extra: nn.Module | None = None) -> None:
        super().__init__()
        stem = [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU6()]
        self.features = nn.Sequential(
            *stem, *block(8, 12, 1, bias), *([extra] if extra else []), *block(12, 16, 2)
        )
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(16, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.features(images).mean(dim=(2, 3))))


def alive(module: nn.Module, seed: int = 0) -> nn.Module:
    """Give batch norm statistics that keep activations alive."""
    torch.manual_seed(seed)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
            if part.affine:
                nn.init.uniform_(part.bias, 0, 1)
    with torch.no_grad():
        module.train()(torch.randn(8, 3, SIZE, SIZE))
    return module.eval()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), dtype=np.uint8)


def logits_of(module: nn.Module, pixels: np.ndarray, mean=0.5, std=0.5) -> np.ndarray:
    images = torch.from_numpy((pixels / 255 - np.array(mean)) / np.array(std)).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        return module(images).numpy()


@pytest.mark.parametrize("bias", [False, True])
def test_the_folded_chain_computes_the_same(pixels, bias):
    module = alive(Small(bias))
    weights = graph_of_module(module, SIZE)
    np.testing.assert_allclose(weights.logits(pixels), logits_of(module, pixels), atol=1e-4)
    assert [node.operator.limits.name for node in weights.nodes_of(Linear)] == [
        "relu6",
        "relu6",
        "relu",
        "relu6",
        "relu",
        "none",
    ]
    assert weights.node("conv0").operator.window.padding == (0, 1, 0, 1)


def test_normalisation_is_folded_into_the_first_layer(pixels):
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    module = alive(
        nn.Sequential(
            nn.Conv2d(3, 6, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)
        )
    )
    weights = graph_of_module(module, SIZE, mean, std)
    np.testing.assert_allclose(weights.logits(pixels), logits_of(module, pixels, mean, std), atol=1e-4)


def test_a_foreign_module_is_packed(pixels):
    module = alive(Small())
    weights = graph_of_module(module, SIZE)
    model = pack(weights, pixels, PackIdentity("small", tuple("abcd"), {"synthetic": "yes"}))
    expected = logits_of(module, pixels)
    real = model.output.real(run(model, pixels).logits)
    assert np.corrcoef(real.ravel(), expected.ravel())[0, 1] > 0.99


def test_our_own_mobilenet_passes_too(pixels):
    module = alive(MobileNetV1(5, 0.25))
    weights = graph_of_module(module, SIZE)
    assert sum(1 for _ in weights.nodes_of(Linear)) == 28
    np.testing.assert_allclose(weights.logits(pixels), logits_of(module, pixels), atol=1e-3)


def test_a_residual_network_is_read_and_packed(pixels):
    module = alive(resnet32(4))
    graph = graph_of_module(module, SIZE)
    np.testing.assert_allclose(graph.logits(pixels), logits_of(module, pixels), atol=1e-3)
    assert sum(node.name.startswith("add") for node in graph.nodes) == 15
    model = pack(graph, pixels, PackIdentity("residual", tuple("abcd"), {}))
    real = model.output.real(run(model, pixels).logits)
    assert np.corrcoef(real.ravel(), logits_of(module, pixels).ravel())[0, 1] > 0.95


class Branches(nn.Module):
    """Pools, groups, a rectangular dilated kernel, batch norm before a convolution, a join, a flattened map."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.one = nn.Conv2d(3, 6, (3, 5), (1, 2), padding=(1, 2), dilation=(1, 1))
        self.two = nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=3)
        self.max, self.mean = nn.MaxPool2d(2), nn.AvgPool2d(3, 2, 1)
        self.last = nn.Sequential(nn.Flatten(), nn.Linear(12 * 8 * 4, 5), nn.ReLU(), nn.Linear(5, 4))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        one = self.one(self.norm(images))
        both = torch.cat([self.max(torch.relu(one)), self.max(self.two(one).clamp(-0.5, 0.5))], dim=1)
        return torch.softmax(self.last(self.mean(both)), dim=1)


def test_branches_compute_the_same(pixels):
    module = alive(Branches())
    graph = graph_of_module(module, SIZE)
    expected = logits_of(module, pixels)
    logits = graph.logits(pixels)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), expected, atol=1e-5)
    assert graph.nodes[-1].name == "fc"  # the softmax at the end changes no class


def test_normalisation_becomes_a_layer_where_no_layer_reads_the_pixels(pixels):
    module = alive(nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    graph = graph_of_module(module, SIZE, mean, std)
    np.testing.assert_allclose(graph.logits(pixels), logits_of(module, pixels, mean, std), atol=1e-4)
    assert [node.name for node in graph.nodes][:3] == ["input", "input_scale", "max1"]


def test_vectors_and_series_are_plain_reals():
    torch.manual_seed(0)
    matrices = nn.Sequential(nn.Linear(7, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)).eval()
    x = torch.randn(4, 7)
    with torch.no_grad():
        np.testing.assert_allclose(
            exported(matrices, [(7,)]).logits(x.numpy()), matrices(x).numpy(), atol=1e-5
        )
    series = nn.Sequential(
        nn.Conv1d(3, 6, 5, 2, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 4, 3, dilation=2),
        nn.Flatten(), nn.Linear(4 * 6, 2),
    )  # fmt: skip
    x = torch.randn(4, 3, 40)
    graph = exported(series.eval(), [(3, 40)])
    assert dict(graph.inputs) == {"x": (1, 40, 3)}
    with torch.no_grad():
        expected = series(x).numpy()
    rows = np.ascontiguousarray(x.numpy().transpose(0, 2, 1)[:, None])
    np.testing.assert_allclose(graph.logits(rows), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (nn.Hardswish(), r"layer 'features\.10' \(Hardswish\).*hardswish"),
        (
            nn.AvgPool2d(3, 2, divisor_override=4),
            r"layer 'features\.10' \(AvgPool2d\): a pool with a divisor of its own",
        ),
        (nn.MaxPool2d(2, 1, dilation=2), "a pool with dilation"),
    ],
)
def test_an_unsupported_layer_is_refused_with_its_place_and_what_is_supported(extra, told):
    with pytest.raises(UnsupportedError, match=told) as refused:
        graph_of_module(Small(extra=extra).eval(), SIZE)
    assert "supported: convolutions of one and two dimensions" in str(refused.value)


@pytest.mark.parametrize("size", [(9, 10), (10, 12), (11, 7)])
@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("counts", [None, False, True], ids=["max", "mean inside", "mean with its border"])
def test_pools_whose_size_is_rounded_up(size, border, counts):
    options = {"kernel_size": 3, "stride": 3, "padding": border, "ceil_mode": True}
    pool = nn.MaxPool2d(**options) if counts is None else nn.AvgPool2d(count_include_pad=counts, **options)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 1), pool).eval()
    x = torch.randn(2, 2, *size)
    with torch.no_grad():
        expected = net(x).numpy()
    (found,) = exported(net, [(2, *size)]).run(x.numpy().transpose(0, 2, 3, 1)).values()
    np.testing.assert_allclose(found, expected.transpose(0, 2, 3, 1), atol=1e-5)


def test_products_and_bad_normalisations_are_refused():
    class Product(Small):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.features(images)
            return self.head((features * features).mean(dim=(2, 3)))

    with pytest.raises(UnsupportedError, match=r"aten\.mul"):
        graph_of_module(Product().eval(), SIZE)
    with pytest.raises(ConfigError, match="std above 0"):
        graph_of_module(Small(), SIZE, std=(0, 1, 1))
