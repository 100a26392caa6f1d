"""What every packed network offers, whatever its layers: the side of the seam that tools can rely on."""

from collections.abc import Mapping
from typing import Protocol

from tinygmp.packed.image_model import ImageLayer
from tinygmp.packed.layers import Layer
from tinygmp.sparse.tensor import PackedTensor


class PackedNetwork(Protocol):
    """A network as integers: PackedModel of sensor windows or PackedImageModel.

    `provenance` tells where it came from; `synthetic` whether any part of the training data was made up.
    """

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def provenance(self) -> Mapping[str, str]: ...

    @property
    def synthetic(self) -> bool: ...

    @property
    def nnz(self) -> int: ...

    @property
    def layers(self) -> tuple[Layer | ImageLayer, ...]: ...

    def tensors(self) -> tuple[PackedTensor, ...]:
        """Return every packed weight tensor, in the order of execution."""
        ...
