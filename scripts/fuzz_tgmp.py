"""Damaged .tgmp files: every one must give the documented error, at once and in little memory, or hold a valid model.

python scripts/fuzz_tgmp.py --files 100000 --seed 0

Half of the files are damaged as a disk or a network would; the others are forged by someone who corrects the digest, so
that everything behind it is reached too. A file that is accepted must run and convert. Ends with 1 on any failure.
"""

import argparse
import json
import resource
import sys
import time
import traceback
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import safetensors.numpy

from converters.base import converter
from tinygmp.errors import FileFormatError, UnsupportedError
from tinygmp.graph.file import DIGEST, METADATA_KEY, digest, from_bytes, read_container, to_bytes
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reencode import replace_tensors
from tinygmp.graph.reference.run import run
from tinygmp.sparse import encode
from tinygmp.sparse.narrow import narrow
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS
from tinygmp.sparse.tensor import PackedTensor

LONGEST_SECONDS = 1.0
LARGEST_VALUE = 1 << 16  # elements; a forged size is valid, and slow in numpy
RANDOM_GRAPHS = 12
MEMORY_SHARE = 4  # times the honest file
MEMORY_FIXED = 1 << 18  # bytes that any file needs: parsers, messages, the checks of one matrix
HOSTILE_VALUES: tuple[Any, ...] = (
    *(0, -1, 1, 7, 255, 256, 2**15, 2**16, 2**26, 2**31, 2**63, 2**64, 10**40, 10**400, -(2**63)),
    *(0.0, -0.5, 1e-300, 1e300, float("inf"), float("-inf"), float("nan")),
    *("", "x", "rnn.U", "dense", "rice", "csr8", "1of4", "int4", "\ud800", "a;b", "../../x", "x" * 5000),
    *(None, True, False, [], {}, [[]], {"first": {}}, [1, 2, 3]),
)


@dataclass
class Tally:
    """What became of the files; failures hold the seed and the reason."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    most_memory: float = 0.0  # times the honest file


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000, help="number of damaged files")
    parser.add_argument("--seed", type=int, default=0, help="of the first file; the next ones follow")
    options = parser.parse_args(arguments)
    tally = fuzz(range(options.seed, options.seed + options.files))
    for outcome, count in tally.outcomes.most_common():
        print(f"{count:8,}  {outcome}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"slowest {tally.slowest_seconds:.3f} s; most memory {tally.most_memory:.2f} x the honest file "
        f"beyond {MEMORY_FIXED >> 10} KiB; process {peak:.0f} MiB"
    )
    for failure in tally.failures[:20]:
        print(f"FAILED {failure}")
    print(f"{len(tally.failures)} failures")
    return 1 if tally.failures else 0


def fuzz(seeds: Sequence[int]) -> Tally:
    """Damage one file a seed and read it."""
    honest = [*honest_files(), *honest_graphs()]
    tally = Tally()
    tracemalloc.start()
    try:
        for seed in seeds:
            rng = np.random.default_rng(seed)
            content = honest[rng.integers(len(honest))]
            damage = DAMAGES[rng.integers(len(DAMAGES))]
            judge(tally, f"seed {seed}, {damage.__name__}", damage(rng, content), len(content))
    finally:
        tracemalloc.stop()
    return tally


def judge(tally: Tally, case: str, content: bytes, honest_bytes: int) -> None:
    """Read one file and note what became of it."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    begin = time.perf_counter()
    try:
        model = from_bytes(content, "damaged")
        outcome = "accepted"
    except FileFormatError as error:
        model, outcome = None, "refused: " + kind_of(str(error))
    except Exception:
        model, outcome = None, "crashed"
        tally.failures.append(f"{case}: {last_lines()}")
    seconds = time.perf_counter() - begin
    beyond = tracemalloc.get_traced_memory()[1] - before - MEMORY_FIXED
    share = max(beyond, 0) / max(honest_bytes, len(content))
    tally.outcomes[outcome] += 1
    tally.slowest_seconds = max(tally.slowest_seconds, seconds)
    tally.most_memory = max(tally.most_memory, share)
    if seconds > LONGEST_SECONDS:
        tally.failures.append(f"{case}: took {seconds:.2f} s")
    if share > MEMORY_SHARE:
        tally.failures.append(f"{case}: took {share:.1f} times the memory of the honest file")
    if model is not None:
        try:
            use(model)
        except Exception:
            tally.failures.append(f"{case}: accepted, then {last_lines()}")


def last_lines() -> str:
    """Return the exception being handled and the place that raised it, in one line."""
    return " | ".join(line.strip() for line in traceback.format_exc(limit=-1).splitlines()[1:])


def kind_of(message: str) -> str:
    """Return the sentence without what differs from file to file."""
    for kind in (
        "not a complete .tgmp file",
        "digest does not match",
        "invalid description",
        "invalid model",
    ):
        if kind in message:
            return kind
    return "version" if "version" in message else message[:60]


def use(model: PackedModel) -> None:
    """Run a model, write it again and convert it to C where there are kernels for it."""
    if max(value.size for value in model.values.values()) <= LARGEST_VALUE:
        steps = (2,) if model.recurrent else ()
        inputs = [
            np.full((1, *steps, *value.shape), 100, value.dtype)
            for value in (model.values[name] for name in model.inputs)
        ]
        assert run(model, *inputs).logits.shape == (1, model.output.size)
    assert to_bytes(from_bytes(to_bytes(model), "again")) == to_bytes(model)
    try:
        converter("c")(model)
    except UnsupportedError:
        return


def honest_graphs() -> Iterator[bytes]:
    """Yield small graphs: chains of an image network in several formats, and random ones of every operator."""
    for seed, index_format in enumerate(("dense", "bitmask", "rice", "csr8")):
        yield to_bytes(random_image_model(seed, 12, 4, ((6, 1), (8, 2)), 3, 0.4, index_format))
    yield from (to_bytes(random_graph(seed)) for seed in range(RANDOM_GRAPHS))


def honest_files() -> Iterator[bytes]:
    """Yield small models in every index format and every value format, of full and of low rank."""
    for index_format in INDEX_FORMATS:
        yield to_bytes(recoded(random_model(1, inputs=8, hidden=16), index_format, "int8"))
    for value_format in VALUE_FORMATS:
        yield to_bytes(
            recoded(random_model(2, inputs=8, hidden=24, w_rank=4, u_rank=8), "rice", value_format)
        )


def recoded(model: PackedModel, index_format: str, value_format: str) -> PackedModel:
    """Return the model with its cell's weights in other formats, thinned or narrowed so that these can hold them."""

    def change(tensor: PackedTensor) -> PackedTensor:
        q = thinned(tensor.decode(), index_format)
        if not value_format.startswith("int8"):
            q = narrow(q.astype(float), value_format)[0]
        return encode(tensor.name, q, tensor.scale, index_format, value_format)

    cell = model.node("rnn").operator
    assert isinstance(cell, FastGrnn)
    names = {tensor.name for tensor in cell.tensors()}
    return replace_tensors(model, lambda tensor: change(tensor) if tensor.name in names else tensor)


def thinned(q: np.ndarray, index_format: str) -> np.ndarray:
    """Leave at most N survivors in every M neighbours, where the format asks for that."""
    if "of" not in index_format:
        return q
    n, m = (int(number) for number in index_format.split("of"))
    groups = q.reshape(-1, m).copy()
    groups[np.cumsum(groups != 0, axis=1) > n] = 0
    return groups.reshape(q.shape)


def cut(rng: np.random.Generator, content: bytes) -> bytes:
    return content[: rng.integers(len(content))]


def flip_bits(rng: np.random.Generator, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 9)):
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
    return bytes(damaged)


def forge_container_length(rng: np.random.Generator, content: bytes) -> bytes:
    lengths = (0, 1, 8, len(content), 2**31, 2**62, 2**64 - 1, int(rng.integers(len(content))))
    length = lengths[rng.integers(len(lengths))]
    return length.to_bytes(8, "little") + content[8:]


def forge_container_number(rng: np.random.Generator, content: bytes) -> bytes:
    """Change one digit of the container's own header: offsets, shapes, lengths."""
    header_bytes = int.from_bytes(content[:8], "little")
    digits = [at for at in range(8, 8 + header_bytes) if 48 <= content[at] <= 57]
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        damaged[digits[rng.integers(len(digits))]] = 48 + rng.integers(10)
    return bytes(damaged)


def move_a_piece(rng: np.random.Generator, content: bytes) -> bytes:
    begin, length, target = rng.integers(len(content), size=3)
    piece = content[begin : begin + length]
    return content[:target] + piece + content[target + len(piece) * int(rng.integers(2)) :]


def forge_stream(rng: np.random.Generator, content: bytes) -> bytes:
    """Damage one array and correct the digest."""
    text, arrays = opened(content)
    name = sorted(arrays)[rng.integers(len(arrays))]
    array = arrays[name].copy()
    kind = rng.integers(5)
    if kind == 0 and array.size:
        array.view(np.uint8)[rng.integers(array.nbytes)] ^= 1 << rng.integers(8)
    elif kind == 1:
        array = array[: rng.integers(len(array) + 1)]
    elif kind == 2:
        array = np.append(array, array[: rng.integers(1, 4)])
    elif kind == 3:
        array = array.astype(rng.choice(["uint8", "int8", "int16", "int32", "float32", "bool"]))
    elif array.size:
        array.view(np.uint8)[: rng.integers(1, 4)] = rng.choice([0, 1, 15, 16, 127, 128, 255])
    return sealed(text, {**arrays, name: array})


def forge_description(rng: np.random.Generator, content: bytes) -> bytes:
    """Replace, remove or copy entries of the description and correct the digest."""
    text, arrays = opened(content)
    description = json.loads(text)
    for _ in range(rng.integers(1, 3)):
        places = list(entries(description))
        holder, key = places[rng.integers(len(places))]
        if rng.random() < 0.15:
            del holder[key]
        elif rng.random() < 0.15:
            other, place = places[rng.integers(len(places))]
            holder[key] = json.loads(
                json.dumps(other.get(place) if isinstance(other, dict) else other[place])
            )
        else:
            holder[key] = HOSTILE_VALUES[rng.integers(len(HOSTILE_VALUES))]
        description = json.loads(json.dumps(description))
    return sealed(json.dumps(description), arrays)


def forge_text(rng: np.random.Generator, content: bytes) -> bytes:
    """Damage the description as text and correct the digest."""
    text, arrays = opened(content)
    at = int(rng.integers(len(text)))
    pieces = ("", "[" * 100_000, "9" * 5000, '"', "{", "1e999", "\\ud800", "NaN", "-", "null", "]")
    return sealed(text[:at] + pieces[rng.integers(len(pieces))] + text[at + int(rng.integers(3)) :], arrays)


def entries(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every holder and key within JSON data."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from entries(value[key])


def opened(content: bytes) -> tuple[str, dict[str, np.ndarray]]:
    text, arrays = read_container(content, "honest")
    del arrays[DIGEST]
    return text, arrays


def sealed(text: str, arrays: dict[str, np.ndarray]) -> bytes:
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    tensors = {**arrays, DIGEST: digest(text, arrays)}
    return safetensors.numpy.save(tensors, metadata={METADATA_KEY: text})


Damage = Callable[[np.random.Generator, bytes], bytes]
BLIND: tuple[Damage, ...] = (cut, flip_bits, forge_container_length, forge_container_number, move_a_piece)
FORGED: tuple[Damage, ...] = (forge_stream, forge_stream, forge_description, forge_description, forge_text)
DAMAGES = BLIND + FORGED

if __name__ == "__main__":
    sys.exit(main())
