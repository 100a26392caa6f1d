"""Published MobileNet-V1 weights: prune, calibrate, pack, convert to TFLite, and score on the ImageNet sample.

Needs TINYGMP_DATA. The 1,000 images of the ImageNet sample, one a class, were probably trained on: differences
mean something, absolute figures do not. Images used for calibration are not scored.

    TINYGMP_DATA=... python scripts/mobilenet_pipeline.py --weights mobilenet_v1_0.25_128.npz --size 128
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np

from converters.to_tflite.images import convert_images
from converters.to_tflite.run_images import run_tflite_images
from tinygmp.errors import ConfigError
from tinygmp.models.mobilenet_v1_weights import float_logits, load_npz, prune_globally
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet
from tinygmp.packed.image_reference import run_images
from tinygmp.recipes.images import open_image_sample


def main() -> None:
    options = arguments()
    data = data_folder()
    weights = load_npz(data / "mobilenet_v1" / options.weights, options.size)
    pixels, labels, names = open_image_sample(data / "imagenet_sample", options.size)
    every = np.arange(len(pixels))
    held = every % (len(pixels) // options.calibration) == 0
    scored = np.flatnonzero(~held)[:: options.every]
    print(
        f"data: ImageNet sample, {held.sum()} images calibrate, {len(scored)} others are scored (seen in training)"
    )
    for sparsity in options.sparsities:
        pruned = prune_globally(weights, sparsity)
        provenance = {"data": "ImageNet sample", "weights": weights.source, "sparsity": str(sparsity)}
        start = time.perf_counter()
        model = pack_mobilenet(
            pruned, calibrate_images(pruned, pixels[held]), "mobilenet_v1", names, provenance
        )
        artifact = convert_images(model)
        seconds = time.perf_counter() - start
        artifact.write(options.out / f"sparsity_{sparsity:g}")
        print(
            f"sparsity {sparsity:g}: {model.nnz:,} of {model.weight_count:,} weights, "
            f"packed {model.payload_bytes:,} B, calibrated, packed and converted in {seconds:.1f} s"
        )
        for path, content in artifact.files.items():
            print(f"  {path}: {len(content):,} B")
        report(pruned, model, artifact.files["mobilenet_v1_int8.tflite"], pixels[scored], labels[scored])


def report(pruned, model, tflite, pixels, labels) -> None:  # type: ignore[no-untyped-def]
    """Print top-1 of float, packed and TFLite, and how far they agree."""
    real = float_logits(pruned, pixels).argmax(axis=1)
    packed = run_images(model, pixels)
    plain = run_tflite_images(tflite, pixels, reference_kernels=True)
    fast = run_tflite_images(tflite, pixels)
    print(f"  top-1 float {np.mean(real == labels):.3f}, packed int8 {np.mean(packed.classes == labels):.3f}")
    print(f"  packed and float agree on {np.mean(packed.classes == real):.3f}")
    print(
        f"  LiteRT, reference kernels: {np.count_nonzero(plain != packed.logits)} logits of {plain.size} differ"
    )
    print(f"  LiteRT, XNNPACK: top-1 {np.mean(fast.argmax(axis=1) == labels):.3f}")


def data_folder() -> Path:
    if not os.environ.get("TINYGMP_DATA"):
        raise ConfigError(
            "TINYGMP_DATA is unset; set it to the folder that holds mobilenet_v1 and imagenet_sample"
        )
    return Path(os.environ["TINYGMP_DATA"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weights", default="mobilenet_v1_0.25_128.npz")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--sparsities", type=float, nargs="+", default=[0.0, 0.75, 0.9])
    parser.add_argument("--calibration", type=int, default=100, help="images that calibrate, 1 to 500")
    parser.add_argument("--every", type=int, default=1, help="score every n-th of the other images")
    parser.add_argument("--out", type=Path, default=Path("build/mobilenet_v1"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
