"""The networks that recipes name, built from their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.models.mobilenet_v2 import MobileNetV2
from tinygmp.models.resnet50 import ResNet50
from tinygmp.models.resnet_cifar import resnet32
from tinygmp.models.wide_resnet import WideResNet

NETWORKS: Mapping[str, Callable[..., nn.Module]] = {
    "fastgrnn": partial(FastGrnnClassifier, inputs=9),
    "mobilenet-v1": MobileNetV1,
    "mobilenet-v2": MobileNetV2,
    "resnet-32": resnet32,
    "resnet-50": ResNet50,
    "wrn-22-8": partial(WideResNet, 22, 8),
    "wrn-28-8": partial(WideResNet, 28, 8),
}


def build_network(name: str, classes: int, options: Mapping[str, Any] | None = None) -> nn.Module:
    """Return a new network with random weights, or raise ConfigError for a name or option that is unknown."""
    if name not in NETWORKS:
        raise ConfigError(f"network '{name}' is unknown; use one of {', '.join(NETWORKS)}")
    try:
        return NETWORKS[name](classes=classes, **(options or {}))
    except TypeError as error:
        raise ConfigError(f"network '{name}' does not take options {dict(options or {})}: {error}") from error
