"""An int8 TFLite file for TFLite Micro only, whose sparse weights lie in flash as bitmaps and are decoded at run time.

TFLite Micro's own operator TFLM_DECODE with the PRUNING codec writes the weights of a layer into the arena before the
layer runs: flash is saved, RAM is spent. LiteRT knows no such operator and refuses the file.
"""

import numpy as np

from converters.to_tflite.images import ImageGraph
from tinygmp.packed.image_model import DepthwiseConv2d, ImageClassifier, ImageLinear, PackedImageModel

DECODE = "TFLM_DECODE"
HEADER_BYTES = 16  # of the ancillary data: codec 2 (pruning), header version 1, codec version 1 in byte 4
CODEC, HEADER_VERSION, CODEC_VERSION = 2, 1, 1
TENSOR_BYTES = 512  # about what two more tensors and an operator take in the file


def micro_images(model: PackedImageModel) -> bytes | None:
    """Return the bytes of the file, or None where no layer would become smaller by it."""
    if not any(is_smaller(layer) for layer in model.linear()):
        return None
    return MicroImageGraph(model, "int8").build()


def is_smaller(layer: ImageLinear) -> bool:
    size = layer.weights.size
    return -(-size // 8) + layer.weights.nnz + HEADER_BYTES + TENSOR_BYTES < size


class MicroImageGraph(ImageGraph):
    """The int8 graph with a TFLM_DECODE before every layer whose weights it makes smaller."""

    def weights(self, layer: ImageLinear) -> int:
        if not is_smaller(layer):
            return super().weights(layer)
        shape, stored, axis = self.layout(layer)
        flat = stored.ravel()
        bitmap = np.packbits(flat != 0, bitorder="big")
        header = np.zeros(HEADER_BYTES, np.uint8)
        header[[0, 1, 4]] = CODEC, HEADER_VERSION, CODEC_VERSION
        ancillary = np.concatenate([header, flat[flat != 0].view(np.uint8)])
        encoded = self.graph.constant(f"{layer.name}.bitmap", bitmap)
        survivors = self.graph.constant(f"{layer.name}.survivors", ancillary)
        decoded = self.graph.tensor(f"{layer.name}.weights", shape, np.int8)
        scales = layer.weight_scales[:1] if isinstance(layer, ImageClassifier) else layer.weight_scales
        self.quantize(decoded, scales, axis)
        return self.graph.operator("CUSTOM", 1, [encoded, survivors], decoded, custom=DECODE)

    def layout(self, layer: ImageLinear) -> tuple[tuple[int, ...], np.ndarray, int]:
        """Return TFLite's shape, the int8 weights in it, and the axis of their scales."""
        q, kernel = layer.weights.decode(), layer.kernel
        if isinstance(layer, DepthwiseConv2d):
            return (1, kernel, kernel, layer.outputs), np.ascontiguousarray(q.T), 3
        if isinstance(layer, ImageClassifier):
            return (layer.outputs, layer.inputs), q, 0
        return (layer.outputs, kernel, kernel, layer.inputs), q, 0
