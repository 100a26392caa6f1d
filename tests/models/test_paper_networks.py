"""The paper's networks are the ones whose weight counts it prints."""

import pytest
import torch

from tinygmp.errors import ConfigError
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.models.mobilenet_v2 import MobileNetV2
from tinygmp.models.resnet50 import ResNet50
from tinygmp.models.resnet_cifar import CifarResNet, resnet32
from tinygmp.models.wide_resnet import WideResNet
from tinygmp.prune.flops import count_flops
from tinygmp.prune.selection import prunable_count, prunable_parameters


@pytest.mark.parametrize(
    ("build", "weights"),
    [
        (MobileNetV1, 4_209_088),
        (lambda: MobileNetV1(classes=2, width=0.25), 208_112),
        (MobileNetV2, 3_469_760),
        (lambda: MobileNetV2(10, small_images=True), 2_202_560),
        (resnet32, 464_432),
        (lambda: resnet32(width=2), 1_855_584),
        (WideResNet, 23_340_464),
        (lambda: WideResNet(22), 17_147_312),
        (ResNet50, 25_502_912),
    ],
)
def test_prunable_weight_counts(build, weights):
    with torch.device("meta"):
        model = build()
    assert prunable_count(prunable_parameters(model)) == weights


@pytest.mark.parametrize(
    ("build", "side", "multiply_adds"),
    [
        (MobileNetV1, 224, 568_740_352),
        (lambda: MobileNetV1(2, 0.25), 96, 7_489_664),
        (MobileNetV2, 224, 300_774_272),
        (ResNet50, 224, 4_089_184_256),
    ],
)
def test_dense_multiply_adds(build, side, multiply_adds):
    with torch.device("meta"):
        model = build()
    assert count_flops(model, (3, side, side)).multiply_adds == multiply_adds


@pytest.mark.parametrize(
    ("model", "side"),
    [
        (MobileNetV1(5, 0.25), 32),
        (MobileNetV1(5, 0.25, stem_stride=1), 32),
        (MobileNetV2(5, 0.35, small_images=True), 32),
        (CifarResNet(8, 5), 32),
        (WideResNet(10, 1, 5, 0.3), 32),
        (ResNet50(5), 64),
    ],
)
def test_networks_train_on_any_class_count(model, side):
    logits = model(torch.randn(2, 3, side, side))
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    "build",
    [
        lambda: MobileNetV1(width=0),
        lambda: MobileNetV1(classes=0),
        lambda: MobileNetV2(width=-1),
        lambda: CifarResNet(33),
        lambda: WideResNet(27),
        lambda: WideResNet(dropout=1.0),
    ],
)
def test_impossible_networks_are_refused(build):
    with pytest.raises(ConfigError):
        build()
