"""Foreign modules through torch.export: the folded chain computes what the module computes, or is refused by name."""

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError, UnsupportedError
from tinygmp.models.exported_chain import weights_of_module
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.models.mobilenet_v1_weights import float_logits
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet
from tinygmp.packed.image_reference import run_images

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
    weights = weights_of_module(module, SIZE)
    np.testing.assert_allclose(float_logits(weights, pixels), logits_of(module, pixels), atol=1e-4)
    assert [layer.activation for layer in weights.layers] == [
        "relu6",
        "relu6",
        "relu",
        "relu6",
        "relu",
        "none",
    ]
    assert weights.layers[0].padding == (0, 1, 0, 1)


def test_normalisation_is_folded_into_the_first_layer(pixels):
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    module = alive(
        nn.Sequential(
            nn.Conv2d(3, 6, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)
        )
    )
    weights = weights_of_module(module, SIZE, mean, std)
    np.testing.assert_allclose(float_logits(weights, pixels), logits_of(module, pixels, mean, std), atol=1e-4)


def test_a_foreign_module_is_packed(pixels):
    module = alive(Small())
    weights = weights_of_module(module, SIZE)
    model = pack_mobilenet(
        weights, calibrate_images(weights, pixels), "small", tuple("abcd"), {"synthetic": "yes"}
    )
    expected = logits_of(module, pixels)
    packed = run_images(model, pixels)
    real = packed.logits * model.linear()[-1].output.scale
    assert np.corrcoef(real.ravel(), expected.ravel())[0, 1] > 0.99


def test_our_own_mobilenet_passes_too(pixels):
    module = alive(MobileNetV1(5, 0.25))
    weights = weights_of_module(module, SIZE)
    assert len(weights.layers) == 28
    np.testing.assert_allclose(float_logits(weights, pixels), logits_of(module, pixels), atol=1e-3)


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (nn.Hardswish(), r"layer 'features\.10' \(Hardswish\).*hardswish"),
        (nn.MaxPool2d(2), r"layer 'features\.10' \(MaxPool2d\)"),
        (nn.Conv2d(12, 12, 3, padding=1, groups=3), "3 groups over 12 channels"),
        (nn.Conv2d(12, 12, (3, 1), padding=(1, 0)), "kernel 3 x 1"),
        (nn.Hardtanh(-1, 1), r"a clamp to -1"),
    ],
)
def test_an_unsupported_layer_is_refused_with_its_place_and_what_is_supported(extra, told):
    with pytest.raises(UnsupportedError, match=told) as refused:
        weights_of_module(Small(extra=extra).eval(), SIZE)
    assert "supported: square convolutions" in str(refused.value)


def test_branches_and_other_ends_are_refused():
    class Residual(Small):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.features(images)
            return self.head((features + features).mean(dim=(2, 3)))

    with pytest.raises(UnsupportedError, match=r"aten\.add"):
        weights_of_module(Residual().eval(), SIZE)
    with pytest.raises(UnsupportedError, match="does not end in a fully connected layer"):
        weights_of_module(nn.Conv2d(3, 4, 3).eval(), SIZE)
    with pytest.raises(ConfigError, match="std above 0"):
        weights_of_module(Small(), SIZE, std=(0, 1, 1))
