"""The networks of MLPerf Tiny for mlperf_tiny.py: their files, what they are fed, and LiteRT's answers."""

import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.readers.tflite import load_tflite
from tinygmp.readers.tflite_int8 import load_int8_tflite

PICTURES = "CIFAR-10 (JPEG q75)"
PICTURE_FILE = Path("cifar10") / "cifar10_jpeg_q75.tar.xz"
BATCH = 250
Loader = Callable[[Path], PackedModel]


@dataclass(frozen=True)
class Network:
    """One benchmark: its files in TINYGMP_DATA/mlperf_tiny, and whether its answer is classes or a reconstruction."""

    name: str
    title: str
    int8_file: str
    float_file: str
    classifies: bool = True
    pictures: bool = False


NETWORKS = {
    network.name: network
    for network in (
        Network("vww", "visual wake words, MobileNet-V1 0.25", "vww_96_int8.tflite", "vww_96_float.tflite"),
        Network("kws", "keyword spotting, DS-CNN", "kws_ref_model.tflite", "kws_ref_model_float32.tflite"),
        Network(
            "resnet",
            "image classification, ResNet-8",
            "pretrainedResnet_quant.tflite",
            "pretrainedResnet.tflite",
            pictures=True,
        ),
        Network(
            "ad", "anomaly detection, autoencoder", "ad01_int8.tflite", "ad01_fp32.tflite", classifies=False
        ),
    )
}


@dataclass(frozen=True)
class Files:
    """A network's two files as they lie."""

    network: Network
    int8: Path
    real: Path

    def imported(self) -> PackedModel:
        return load_int8_tflite(self.int8)

    def float_graph(self) -> FloatGraph:
        """Return the float network, its inputs plain reals."""
        return load_tflite(self.real, None)


def data_folder() -> Path:
    """Return TINYGMP_DATA; raises ConfigError where it is not set."""
    if not os.environ.get("TINYGMP_DATA"):
        raise ConfigError(
            "TINYGMP_DATA is not set; give the folder that holds mlperf_tiny/ and cifar10/, see docs/mlperf_tiny.md"
        )
    return Path(os.environ["TINYGMP_DATA"])


def files_of(network: Network) -> Files:
    folder = data_folder() / "mlperf_tiny"
    return Files(network, folder / network.int8_file, folder / network.float_file)


def pictures(part: str, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 [count, 32, 32, 3] and classes of 'train' or 'test'; most: at most so many, spread over all."""
    from PIL import Image

    path = data_folder() / PICTURE_FILE
    found: list[tuple[str, np.ndarray]] = []
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and f"{part}/" in member.name:
                    stream = archive.extractfile(member)
                    assert stream is not None
                    found.append(
                        (member.name, np.asarray(Image.open(io.BytesIO(stream.read())).convert("RGB")))
                    )
    except (OSError, tarfile.TarError) as error:
        raise DataError(
            f"'{path}' cannot be read: {error}; it holds {PICTURES} as train/ and test/"
        ) from error
    found.sort(key=lambda each: each[0])
    names = [Path(name).parent.name for name, _ in found]
    classes = sorted({*names})
    chosen = np.linspace(0, len(found) - 1, min(len(found), most or len(found))).astype(int)
    return np.stack([found[place][1] for place in chosen]), np.array(
        [classes.index(names[place]) for place in chosen]
    )


def as_int8(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as an int8 network takes them whose input is pixel - 128."""
    return (pixels.astype(np.int16) - 128).astype(np.int8)


def reals(model: PackedModel, inputs: np.ndarray) -> np.ndarray:
    """Return what int8 inputs mean."""
    value = model.input
    return ((inputs.astype(np.float32) - value.zero_point) * np.float32(value.scale)).astype(np.float32)


def quantised(model: PackedModel, real: np.ndarray) -> np.ndarray:
    """Return reals as a model's int8 inputs."""
    value = model.input
    return np.clip(np.rint(real / value.scale) + value.zero_point, -128, 127).astype(np.int8)


def reference_answers(model: PackedModel, inputs: np.ndarray) -> np.ndarray:
    """Return the reference's outputs int32 [count, elements], part by part, since maps of all would be large."""
    parts = [run(model, inputs[at : at + BATCH]).logits for at in range(0, len(inputs), BATCH)]
    return np.concatenate(parts).reshape(len(inputs), -1)


def float_answers(graph: FloatGraph, real: np.ndarray) -> np.ndarray:
    return np.concatenate([graph.logits(real[at : at + BATCH]) for at in range(0, len(real), BATCH)])


def litert_answers(content: bytes, inputs: np.ndarray) -> np.ndarray:
    """Return LiteRT's outputs [count, elements], with its usual delegate."""
    from converters.to_tflite.run import litert

    interpreter = litert()(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for one in inputs:
        interpreter.set_tensor(source["index"], one.reshape(source["shape"]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(target["index"]).reshape(-1))
    return np.array(answers)


def without_softmax(content: bytes) -> bytes | None:
    """Return a .tflite file that ends before its last operation, where that is a softmax."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    last = graph.operators[-1]
    code = model.operatorCodes[last.opcodeIndex]
    if max(code.builtinCode, code.deprecatedBuiltinCode) != schema.BuiltinOperator.SOFTMAX:
        return None
    graph.operators, graph.outputs, model.signatureDefs = graph.operators[:-1], [last.inputs[0]], []
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
