"""What an image network is to be: shape, sparsity, and how it is trained."""

from dataclasses import dataclass

import torch
from torch import nn

from tinygmp.cost.goal import BYTES, Goal
from tinygmp.errors import ConfigError
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask_makers import ByGoal, MakeMask, by_criterion
from tinygmp.prune.minimum import MinimumShare
from tinygmp.prune.module_work import works_of_module
from tinygmp.prune.objective import costs_of
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.train.fit_network import TrainSettings

ANY = 0.5  # sparsity of a schedule that only says when
LARGE = 64  # from this size on the stem halves rows and columns
MOST_BATCH, LEAST_BATCH = 128, 8
STEPS_AN_EPOCH = 4  # at least, unless a batch would be one picture: a step of all pictures learns little
# Of float32 maps and their gradients; measured at width 1 and 224 x 224 with a batch of 32: 65 MiB an image.
BYTES_PER_IMAGE, MOST_BYTES = 68e6, 2.2e9


def batch_within_memory(width: float, size: int) -> int:
    """Return the largest batch, 8 to 128, a power of two, with which training on a CPU stays below 3 GB."""
    positions = (size / 224) ** 2 * (1 if size >= LARGE else 4)
    batch = MOST_BATCH
    while batch > LEAST_BATCH and batch * width * positions * BYTES_PER_IMAGE > MOST_BYTES:
        batch //= 2
    return batch


def batch_of_few(most: int, images: int, processes: int = 1) -> int:
    """Return the largest batch, `most` halved again and again, of which an epoch has four; 2 a process at least.

    Raises ConfigError for fewer images than one batch of 2 a process.
    """
    batch = most // processes * processes
    while batch > 2 * processes and STEPS_AN_EPOCH * batch > images:
        batch = max(2 * processes, batch // 2 // processes * processes)
    if batch > images:
        raise ConfigError(f"{images} training images are too few: give {2 * processes} or more")
    return batch


@dataclass(frozen=True)
class ImageRecipe:
    """What to train. sparsity: fraction of zeros; minimum_share: of all prunable weights, kept in every layer.
    objective: what the weights that stay shall cost little of, bytes, flops or time:CORE; budget: of it, in place of a
    sparsity.

    gradual: prune over the first epochs after the dense ones instead of at once. dense_rate, rate: highest learning
    rates before and after pruning; both fall by a cosine. average_decay: 0, or of the exponential moving average of the
    weights, 0.999 as a rule. mixed_precision: 16-bit matrix products, on a GPU only. distill: share, 0..1, that the
    dense network's answers have in the loss of fine-tuning. batch_norm_batches: on which statistics are measured again
    after one-shot pruning, 0 for not at all.
    """

    width: float = 0.5
    size: int = 32
    sparsity: float = 0.75
    gradual: bool = False
    minimum_share: float | None = None
    objective: str = BYTES
    budget: float | None = None
    dense_epochs: int = 20
    epochs: int = 7
    batch_size: int = 128
    dense_rate: float = 0.1
    rate: float = 0.02
    label_smoothing: float = 0.0
    average_decay: float = 0.0
    mixed_precision: bool = False
    distill: float = 0.0
    batch_norm_batches: int = 20
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.sparsity < 1:
            raise ConfigError(
                f"sparsity {self.sparsity} is outside [0, 1); 0.75 removes three of four weights"
            )
        goal = Goal(self.objective, self.budget)
        if goal.budget is not None and (self.sparsity or self.gradual):
            raise ConfigError(
                f"budget {self.budget:g} says what stays, in one shot; leave out sparsity {self.sparsity:g} and gradual"
            )
        if self.size < 8 or min(self.dense_epochs, self.epochs) < 1:
            raise ConfigError(
                f"size {self.size}, {self.dense_epochs} and {self.epochs} epochs: at least 8 pixels and 1 epoch each"
            )
        if not 0 <= self.distill <= 1 or not 0 <= self.label_smoothing < 1:
            raise ConfigError(
                f"distill {self.distill}, label smoothing {self.label_smoothing}: both are shares, 0 to 1"
            )
        if self.batch_norm_batches < 0 or self.workers < 1:
            raise ConfigError(
                f"{self.batch_norm_batches} batches for batch norm, {self.workers} workers: at least 0 and 1"
            )
        self.training(dense=True), self.training(dense=False)  # each checks its own numbers

    def training(self, dense: bool, precision: str = "float32") -> TrainSettings:
        """Return how the dense network trains, or how the pruned one is fine-tuned."""
        return TrainSettings(
            self.dense_epochs if dense else self.epochs,
            self.batch_size,
            self.dense_rate if dense else self.rate,
            nesterov=True,
            weight_decay=5e-4 if dense else 1e-4,
            warmup_epochs=1 if dense else 0,
            label_smoothing=self.label_smoothing,
            seed=self.seed,
            workers=self.workers,
            average_decay=self.average_decay,
            precision=precision,
        )

    def network(self, classes: int) -> nn.Module:
        """Return the untrained network with ReLU6; of images below 64 x 64 its stem keeps the size."""
        torch.manual_seed(self.seed)
        network = MobileNetV1(classes, self.width, stem_stride=1 if self.size < LARGE else 2)
        for parent in list(network.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.ReLU):
                    setattr(parent, name, nn.ReLU6(inplace=True))
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def pruner(self, network: nn.Module) -> Pruner | None:
        """Return what prunes a network; raises ConfigError when the minimum leaves no room for the sparsity."""
        if not self.sparsity and self.budget is None:
            return None
        parameters, last = prunable_parameters(network), max(0, self.epochs - 3)
        minimum = None if self.minimum_share is None else MinimumShare(self.minimum_share)
        goal = Goal(self.objective, self.budget)
        make_mask: MakeMask = by_criterion(global_magnitude_mask, minimum)
        if goal.objective != BYTES:
            costs = costs_of(goal.objective, works_of_module(network, (3, self.size, self.size)))
            make_mask = ByGoal(goal, costs, minimum)
        gradual = GradualSchedule(self.sparsity, 0, last, "cubic")  # the last two epochs train the final mask
        return Pruner(
            parameters, gradual if self.gradual else OneShotSchedule(self.sparsity or ANY), make_mask
        )

    def precision(self, device: torch.device) -> str:
        """Return the precision of matrix products; raises ConfigError where 16 bits do not pay."""
        if not self.mixed_precision:
            return "float32"
        if device.type != "cuda":
            raise ConfigError(
                f"mixed precision was asked for, but this machine trains on {device.type}, where 16-bit products are "
                "slower; leave --amp out, or use a GPU"
            )
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
