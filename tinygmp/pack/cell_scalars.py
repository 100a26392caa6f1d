"""The scalars and biases of a FastGRNN cell as integers."""

import numpy as np

from tinygmp.errors import RangeError
from tinygmp.quant.requantize import INT16_MAX
from tinygmp.quant.symmetric import INT8_LIMIT, quantize_int8


def bias_int8(bias: np.ndarray, fraction_bits: int) -> tuple[np.ndarray, int]:
    """Return int8 biases and the left shift that brings them to `fraction_bits` of fraction.

    Raises RangeError when a bias exceeds what int8 << 8 can hold.
    """
    fixed = bias * 2.0**fraction_bits
    shift = max(0, int(np.ceil(np.log2(max(np.abs(fixed).max(initial=0), 1) / INT8_LIMIT))))
    if shift > 8:
        raise RangeError(
            f"bias {np.abs(bias).max():.3f} exceeds {INT8_LIMIT * 2.0 ** (8 - fraction_bits)}; train with weight decay"
        )
    return quantize_int8(fixed, 2.0**shift), shift


def bias_int16(bias: np.ndarray, fraction_bits: int) -> tuple[np.ndarray, int]:
    """Return int16 biases in `fraction_bits` of fraction, and no shift; beyond 16 bits the gates are level anyway."""
    fixed = np.rint(bias * 2.0**fraction_bits)
    return np.clip(fixed, -INT16_MAX, INT16_MAX).astype(np.int16), 0


def update_gain(zeta: float, state_units: float) -> tuple[int, int]:
    """Return zeta as (128..255, shift): gain = zeta_q * (512 - z) >> shift in half state units."""
    exact = zeta * state_units / 1024
    shift = int(np.clip(np.floor(np.log2(255.5 / exact)), 0, 16))
    zeta_q = round(exact * 2.0**shift)
    if zeta_q > 255:
        raise RangeError(
            f"zeta {zeta:.4f} with {state_units:.0f} state units a unit exceeds 8 bits; widen the state range"
        )
    return zeta_q, shift
