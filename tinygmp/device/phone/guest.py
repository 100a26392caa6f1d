"""What runs inside the emulator: one file in LiteRT or onnxruntime, marks around each inference, answers as arrays.

Started as `python guest.py FOLDER`, by a Python that has numpy and the two runtimes alone; it imports nothing of
tinygmp. FOLDER holds job.json, model and in.npz; out.npz and guest.json are written there.
"""

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

MARK, START, STOP = 0x7167, 1, 2


class Marks:
    """Whether inferences are told to the counting plugin."""

    on = False


def mark(what: int) -> None:
    """Tell the counting plugin: a system call that fails and does nothing else."""
    if Marks.on:
        with contextlib.suppress(OSError):
            os.lseek(MARK, what, 0)


class Tflite:
    """LiteRT on one thread, with the delegate that it takes by itself."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(model_content=content, num_threads=1)
        self.interpreter.allocate_tensors()
        self.inputs = [each["index"] for each in self.interpreter.get_input_details()]
        self.outputs = [each["index"] for each in self.interpreter.get_output_details()]

    def run(self, arrays: list[Any]) -> list[Any]:
        for index, array in zip(self.inputs, arrays, strict=True):
            self.interpreter.set_tensor(index, array)
        mark(START)
        self.interpreter.invoke()
        mark(STOP)
        return [self.interpreter.get_tensor(index) for index in self.outputs]


class Onnx:
    """onnxruntime on one thread."""

    def __init__(self, content: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.inputs = [each.name for each in self.session.get_inputs()]

    def run(self, arrays: list[Any]) -> list[Any]:
        feed = dict(zip(self.inputs, arrays, strict=True))
        mark(START)
        answers = self.session.run(None, feed)
        mark(STOP)
        return list(answers)


def resident_bytes() -> int:
    """Return the memory of this program that lies in RAM, without the emulator's own.

    The emulator tells the program's regions in maps; smaps is the machine's own, with sizes in RAM.
    """
    regions = [line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines()]
    ours = [(int(begin, 16), int(end, 16)) for begin, end in regions]
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if not first.endswith(":"):
            begin, end = (int(part, 16) for part in first.split("-"))
            inside = any(begin < high and low < end for low, high in ours)
        elif inside and first == "Rss:":
            total += int(line.split()[1]) * 1024
    return total


def sample(job: dict[str, Any], runner: Any, given: list[Any]) -> list[Any]:
    """Run one sample: once, or its steps with states carried from outputs to inputs; returns the last answers."""
    if not job["states"]:
        return list(runner.run(given))
    counts = job["steps_input"]
    entering = [array if place != counts else None for place, array in enumerate(given)]
    answers: list[Any] = []
    for step in range(given[counts].shape[1]):
        entering[counts] = np.ascontiguousarray(given[counts][:, step])
        answers = list(runner.run(entering))
        for reads, writes in job["states"]:
            entering[reads] = answers[writes]
    return answers


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    with np.load(folder / "in.npz") as stored:
        arrays = [stored[f"input{place}"] for place in range(len(stored.files))]
    content = (folder / "model").read_bytes()
    before = resident_bytes()
    runner = Tflite(content) if job["runtime"] == "tflite" else Onnx(content)
    most = resident_bytes()
    samples = [[array[index : index + 1] for array in arrays] for index in range(len(arrays[0]))]
    sample(job, runner, samples[0])  # the first run also packs weights, and is not counted
    Marks.on = True
    answers = []
    for given in samples:
        answers.append(sample(job, runner, given))
        most = max(most, resident_bytes())
    joined = {
        f"output{place}": np.concatenate([answer[place] for answer in answers])
        for place in range(len(answers[0]))
    }
    np.savez(folder / "out.npz", **joined)  # type: ignore[arg-type]
    libraries = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line]
    lowest: dict[str, int] = {}
    for words in libraries:
        begin, offset = int(words[0].split("-")[0], 16), int(words[2], 16)
        if offset == 0:
            lowest.setdefault(words[-1], begin)
    told = {"memory_bytes": most - before, "libraries": lowest}
    (folder / "guest.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
