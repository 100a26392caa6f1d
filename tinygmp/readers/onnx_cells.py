"""Recurrent cells of ONNX files, and what turns, squeezes and picks their outputs."""

from collections.abc import Callable

import numpy as np

from tinygmp.readers import gate_order
from tinygmp.readers.onnx_call import Call


def is_of_cells(call: Call) -> bool:
    """Return whether a node is a cell, or reads what only cells read or write."""
    if call.kind in ("GRU", "LSTM"):
        return True
    turned = call.kind == "Transpose" and call.builder.is_input(call.read)
    return turned or any(call.builder.is_series(name) or name in call.file.last_of for name in call.reads)


def take(call: Call) -> None:
    """Take such a node; raises UnsupportedError for one that does something else with a cell's outputs."""
    handler = HANDLERS.get(call.kind)
    if handler is None:
        raise call.unsupported("an operation on every step of a cell")
    handler(call)


def recur(call: Call) -> None:
    """Take a GRU or LSTM of one direction that begins with zeros; its gates in ONNX's order."""
    kind = call.kind.lower()
    arrays = [call.file.arrays.get(name) for name in (*call.names, *[""] * 7)[:8]]
    w, u, bias, peepholes = *arrays[1:4], arrays[7]
    given, lengths = [name for name in call.names[5:7] if name], (*call.names, *[""] * 5)[4]
    odd = (
        call.at.get("direction", b"forward") != b"forward",
        call.at.get("layout", 0) != 0,
        "activations" in call.at or "clip" in call.at or call.at.get("input_forget", 0),
        kind == "gru" and call.at.get("linear_before_reset", 0) != 1,
        lengths != "",
        peepholes is not None,
        any(np.any(call.file.arrays.get(name, np.ones(1))) for name in given),
    )
    if w is None or u is None or any(odd):
        raise call.unsupported(
            "a cell of two directions, other activations, lengths, a first state other than zeros, or a reset gate "
            "before the state's product,"
        )
    gates = 3 if kind == "gru" else 4
    both = np.zeros(2 * len(w[0]), np.float32) if bias is None else bias[0]
    bias_w, bias_u = both[: len(both) // 2], both[len(both) // 2 :]
    order = gate_order.ONNX[kind]
    if gates == 3:
        cell = gate_order.gru(w[0], u[0], bias_w, bias_u, order)
    else:
        cell = gate_order.lstm(w[0], u[0], bias_w + bias_u, order)
    call.builder.recur(call.place, call.names[0], call.written or f"{call.place} all", cell)
    if call.further and call.further[0]:
        call.builder.last_step(call.written or f"{call.place} all", call.further[0])
        call.file.last_of[call.further[0]] = 1


def transpose(call: Call) -> None:
    """Take steps before the batch, as cells want them, and what undoes it."""
    order = list(call.at.get("perm", []))
    if not call.builder.is_series(call.read) and order != [1, 0, 2]:
        raise call.unsupported(f"an order of axes {order}")
    call.builder.same_series(call.read, call.written)


def gather(call: Call) -> None:
    """Take the last step of a cell's outputs, or the last of several cells' last outputs."""
    at, axis = call.maybe(0), int(call.at.get("axis", 0))
    index = [] if at is None else np.asarray(at).reshape(-1).tolist()
    if call.read in call.file.last_of:
        if axis != 0 or index not in ([-1], [call.file.last_of[call.read] - 1]):
            raise call.unsupported("a selection other than the last cell's output")
        call.builder.same(call.place, call.read, call.written)
    elif index == [-1] and axis in (0, 1):
        call.builder.last_step(call.read, call.written)
    else:
        raise call.unsupported("a selection other than a cell's last step")
    call.writes_rank(2)


def join(call: Call) -> None:
    """Stack the last outputs of several cells."""
    if not set(call.reads) <= set(call.file.last_of) or int(call.at["axis"]) != 0:
        raise call.unsupported("a join of a cell's steps")
    call.builder.same(call.place, call.reads[-1], call.written)
    call.file.last_of[call.written] = sum(call.file.last_of[name] for name in call.reads)


def same(call: Call) -> None:
    """Take other axes of all steps, or of the last output alone."""
    if call.builder.is_series(call.read):
        call.builder.same_series(call.read, call.written)
        return
    if call.file.last_of[call.read] != 1:
        raise call.unsupported("other axes of several cells' outputs")
    call.builder.same(call.place, call.read, call.written)
    call.writes_rank(2)


HANDLERS: dict[str, Callable[[Call], None]] = {
    **dict.fromkeys(("GRU", "LSTM"), recur),
    "Transpose": transpose,
    "Gather": gather,
    "Concat": join,
    **dict.fromkeys(("Squeeze", "Reshape", "Identity", "Dropout"), same),
}
