"""Which weights of a network are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygmp.errors import ConfigError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PruneMask:
    """Boolean array per parameter name, True where the weight is kept.

    Arrays are read-only. Sparsity is the fraction of zeros, over all parameters of the mask.
    """

    kept: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        if not self.kept:
            raise ConfigError("mask without parameters: name at least one prunable weight")
        frozen = {}
        for name, array in self.kept.items():
            if not isinstance(array, np.ndarray) or array.dtype != np.bool_:
                kind = getattr(array, "dtype", type(array).__name__)
                raise ConfigError(f"mask of '{name}' is {kind}, expected a bool array; use weights != 0")
            view = array.view()
            view.flags.writeable = False
            frozen[name] = view
        object.__setattr__(self, "kept", MappingProxyType(frozen))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.kept:
            raise ConfigError(f"mask holds no '{name}'; it holds {', '.join(self.kept)}")
        return self.kept[name]

    def __contains__(self, name: object) -> bool:
        return name in self.kept

    def __iter__(self) -> Iterator[str]:
        return iter(self.kept)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PruneMask):
            return NotImplemented
        return self.kept.keys() == other.kept.keys() and all(
            np.array_equal(array, other.kept[name]) for name, array in self.kept.items()
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def size(self) -> int:
        return sum(array.size for array in self.kept.values())

    @property
    def nnz(self) -> int:
        return sum(int(np.count_nonzero(array)) for array in self.kept.values())

    @property
    def sparsity(self) -> float:
        return 1.0 - self.nnz / self.size

    def layer_nnz(self) -> dict[str, int]:
        """Return the number of kept weights of each parameter."""
        return {name: int(np.count_nonzero(array)) for name, array in self.kept.items()}

    def apply(self, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return copies of the weights with every pruned one exactly 0; names outside the mask unchanged."""
        self._require(weights)
        return {
            name: np.where(self.kept[name], array, array.dtype.type(0)) if name in self.kept else array
            for name, array in weights.items()
        }

    def apply_(self, parameters: Mapping[str, torch.Tensor] | torch.nn.Module) -> None:
        """Set every pruned weight of torch parameters to 0 in place (a module, or name -> tensor)."""
        import torch

        named = dict(parameters.named_parameters()) if isinstance(parameters, torch.nn.Module) else parameters
        self._require(named)
        with torch.no_grad():
            for name, array in self.kept.items():
                named[name].masked_fill_(~_tensor(array, named[name].device), 0)

    def mask_gradients(self, module: torch.nn.Module) -> None:
        """Set the gradient of every pruned weight to 0 in place, so that momentum cannot revive it."""
        named = dict(module.named_parameters())
        self._require(named)
        for name, array in self.kept.items():
            gradient = named[name].grad
            if gradient is not None:
                gradient.masked_fill_(~_tensor(array, gradient.device), 0)

    def intersect(self, other: PruneMask) -> PruneMask:
        """Return the mask that keeps what both keep."""
        self._require(other.kept)
        return PruneMask({name: array & other.kept[name] for name, array in self.kept.items()})

    def is_subset(self, other: PruneMask) -> bool:
        """Tell whether every weight kept here is kept in the other mask too."""
        self._require(other.kept)
        return not any(np.any(array & ~other.kept[name]) for name, array in self.kept.items())

    def _require(self, arrays: Mapping[str, Any]) -> None:
        for name, array in self.kept.items():
            if name not in arrays:
                raise ConfigError(
                    f"mask names '{name}', which the weights lack; they hold {', '.join(arrays)}"
                )
            if tuple(arrays[name].shape) != array.shape:
                raise ConfigError(
                    f"mask of '{name}' has shape {array.shape}, the weight {tuple(arrays[name].shape)}; "
                    "make the mask from this model's weights"
                )


def mask_of_nonzeros(weights: Mapping[str, np.ndarray]) -> PruneMask:
    """Return the mask that keeps every weight that is not exactly 0."""
    return PruneMask({name: np.asarray(array) != 0 for name, array in weights.items()})


def _tensor(array: np.ndarray, device: torch.device) -> torch.Tensor:
    import torch

    # torch warns about read-only arrays although nothing writes here, so hand it a writeable view's copy on
    # CPU
    return torch.tensor(array, device=device)
