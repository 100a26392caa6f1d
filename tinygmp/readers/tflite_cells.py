"""Recurrent cells of TFLite files: the fused LSTM operator, and what turns its steps and picks the last one."""

from typing import Any

import numpy as np

from tinygmp.readers import gate_order
from tinygmp.readers.tflite_call import Call, TfliteReader

# Inputs of UNIDIRECTIONAL_SEQUENCE_LSTM, four each in the order i, f, g, o (TFLite's lstm_shared.h).
OF_INPUT, OF_STATE, BIASES = range(1, 5), range(5, 9), range(12, 16)
ABSENT = (*range(9, 12), *range(16, 18), *range(20, 24))  # peepholes, projection, layer normalisation
STEPS_FIRST = [1, 0, 2]


def lstm(call: Call) -> None:
    """Take an LSTM of one direction."""
    kinds, indices = call.reader.schema.ActivationFunctionType, [int(each) for each in call.operator.inputs]
    given = {at for at, index in enumerate(indices) if index >= 0}
    if given & set(ABSENT) or not {*OF_INPUT, *OF_STATE} <= given:
        raise call.unsupported(
            "an LSTM with peepholes, a projection, layer normalisation or joined gates; export a plain one"
        )
    if call.options.fusedActivationFunction != kinds.TANH or call.options.cellClip or call.options.projClip:
        raise call.unsupported("an LSTM with another activation than tanh, or with a clip")
    w, u = (np.concatenate([call.given(at) for at in part]) for part in (OF_INPUT, OF_STATE))
    gates = [call.maybe(at) for at in BIASES]
    bias = np.concatenate([np.zeros(len(w) // 4) if each is None else each for each in gates])
    cell = gate_order.lstm(w, u, bias, gate_order.KERAS["lstm"])
    call.builder.recur(call.place, call.read, call.written, cell)


def transpose(call: Call) -> None:
    """Take steps before the batch, and what undoes it."""
    order = call.given(1).reshape(-1).tolist()
    if order != STEPS_FIRST or not (call.builder.is_input(call.read) or call.builder.is_series(call.read)):
        raise call.unsupported(f"an order of axes {order}")
    call.builder.same_series(call.read, call.written)


def picks_step(reader: TfliteReader, operator: Any) -> bool:
    """Return whether a slice is one of a cell's steps, and none of a shape."""
    return reader.builder.is_series(str(int(operator.inputs[0])))


def last_step(call: Call) -> None:
    """Take the last step of a cell: everything of every other axis."""
    shape = [int(side) for side in call.reader.graph.tensors[int(call.read)].shape]
    begin, strides = (call.given(at).reshape(-1).tolist() for at in (1, 3))
    dropped = [axis for axis in range(len(shape)) if call.options.shrinkAxisMask >> axis & 1]
    whole = (1 << len(shape)) - 1
    masks = [getattr(call.options, name) for name in ("beginMask", "endMask")]
    others = [axis for axis in range(len(shape)) if axis not in dropped]
    odd = (
        len(dropped) != 1
        or dropped[0] not in (0, 1)
        or begin[dropped[0]] not in (-1, shape[dropped[0]] - 1)
        or any(strides[axis] != 1 for axis in others)
        or any(not masks[0] >> axis & 1 and begin[axis] for axis in others)
        or any(not masks[1] >> axis & 1 for axis in others)
        or (call.options.newAxisMask | call.options.ellipsisMask) & whole
    )
    if odd:
        raise call.unsupported("a slice of a cell's steps other than the last one")
    call.builder.last_step(call.read, call.written)
