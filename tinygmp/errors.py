"""Every exception that tinygmp raises on purpose, in one tree, and the warnings that it gives.

A message names the object, the value, the limit and the remedy.
"""


class TinyGmpError(Exception):
    """Base of all errors that tinygmp raises on purpose."""


class ConfigError(TinyGmpError, ValueError):
    """An argument, recipe or option is outside its range or unknown."""


class DataError(TinyGmpError, ValueError):
    """A data set is missing, damaged, incomplete or of the wrong shape."""


class FormatError(TinyGmpError, ValueError):
    """A tensor cannot be written in, or read from, a storage format."""


class RangeError(TinyGmpError, ValueError):
    """A number does not fit the integer type that must hold it."""


class FileFormatError(TinyGmpError, ValueError):
    """A file is truncated, forged, or not of the expected kind or version."""


class UnsupportedError(TinyGmpError, NotImplementedError):
    """A layer, format or target has no implementation for this combination."""


class DivergenceError(TinyGmpError, ArithmeticError):
    """Training produced a loss that is not finite."""


class MissingToolError(TinyGmpError, RuntimeError):
    """An external tool or optional package is absent; the message tells how to install it."""


class BuildError(TinyGmpError, RuntimeError):
    """A compiler or linker refused generated code."""


class SimulationError(TinyGmpError, RuntimeError):
    """A simulated core stopped for another reason than the program's own exit."""


class OutputError(TinyGmpError, OSError):
    """A result cannot be written where it was asked for."""


class PruningWarning(UserWarning):
    """A training loop prunes otherwise than its schedule says, and goes on."""


class CollapseWarning(PruningWarning):
    """A layer has lost its last weight."""
