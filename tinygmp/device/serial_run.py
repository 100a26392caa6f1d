"""Talk to a real board over a serial line: stream windows to the example firmware, take answers and times back."""

import os
import select
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tinygmp.device.run_result import RunResult
from tinygmp.errors import ConfigError, MissingToolError, SimulationError

PROTOCOL_VERSION = 1
GREETING = b"TG"
BAUD = 115200


@dataclass(frozen=True)
class SerialRun:
    """What a board gave back: its answers, microseconds a step (mean and longest) and free RAM, None if unknown."""

    result: RunResult
    mean_step_us: float
    longest_step_us: int
    free_ram_bytes: int | None


class SerialLine:
    """Bytes to and from an open terminal, with a limit on how long the board may keep silent."""

    def __init__(self, handle: int, port: str, silence_s: float) -> None:
        self.handle, self.port, self.silence_s = handle, port, silence_s

    def get(self, count: int) -> bytes:
        """Return `count` bytes; raises SimulationError when the board keeps silent."""
        received = b""
        while len(received) < count:
            if not select.select([self.handle], [], [], self.silence_s)[0]:
                raise SimulationError(
                    f"port '{self.port}': {len(received)} of {count} bytes came within {self.silence_s:g} s; "
                    "is the firmware on the board, and the rate right?"
                )
            received += os.read(self.handle, count - len(received))
        return received

    def put(self, content: bytes) -> None:
        while content:
            content = content[os.write(self.handle, content) :]


@contextmanager
def open_line(port: str, baud: int, silence_s: float) -> Iterator[SerialLine]:
    """Open a serial port raw; raises ConfigError when it cannot be opened, MissingToolError where there are none."""
    try:
        import termios
    except ImportError as error:
        raise MissingToolError("serial ports need a system with termios: Linux or macOS") from error
    rate = getattr(termios, f"B{baud}", None)
    if rate is None:
        raise ConfigError(f"baud rate {baud} is unknown here; use 9600, 57600 or 115200")
    try:
        handle = os.open(port, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise ConfigError(f"port '{port}' cannot be opened: {error.strerror}") from error
    try:
        settings = termios.tcgetattr(handle)
        settings[0] = settings[1] = settings[3] = 0  # no translation, no echo, no signals
        settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings[4] = settings[5] = rate
        termios.tcsetattr(handle, termios.TCSANOW, settings)
        yield SerialLine(handle, port, silence_s)
    except termios.error as error:
        raise ConfigError(f"port '{port}' is not a serial line: {error.args[-1]}") from error
    finally:
        os.close(handle)


def run_over_serial(port: str, counts: np.ndarray, baud: int = BAUD, silence_s: float = 5.0) -> SerialRun:
    """Classify int16 windows [windows, steps, channels] on the board behind a serial port.

    Raises ConfigError for a port that cannot be opened or a model of another width, SimulationError when the board
    keeps silent or speaks another protocol.
    """
    with open_line(port, baud, silence_s) as line:
        channels, classes, free_ram = greet(line)
        if channels != counts.shape[2]:
            raise ConfigError(
                f"port '{port}': the board's model takes {channels} channels, not {counts.shape[2]}"
            )
        rows = [classify(line, window, classes) for window in counts]
    answers = np.array([row[: 1 + classes] for row in rows], np.int64)
    times = np.array([row[1 + classes :] for row in rows], np.int64)
    result = RunResult(answers[:, 1:].astype(np.int32), answers[:, 0], None, None, f"board at {port}")
    mean = float(times[:, 0].sum()) / (counts.shape[0] * counts.shape[1])
    return SerialRun(result, mean, int(times[:, 1].max()), free_ram or None)


def greet(line: SerialLine) -> tuple[int, int, int]:
    """Ask for the greeting and return (channels, classes, free RAM); many boards reset when the port opens."""
    deadline = time.monotonic() + line.silence_s
    heard = b""
    while time.monotonic() < deadline:
        line.put(b"H")
        while select.select([line.handle], [], [], 0.3)[0]:
            heard += os.read(line.handle, 64)
        if (start := heard.rfind(GREETING)) >= 0 and len(heard) >= start + 7:
            version, channels, classes, free_ram = struct.unpack("<BBBH", heard[start + 2 : start + 7])
            if version != PROTOCOL_VERSION:
                raise SimulationError(
                    f"port '{line.port}': the firmware speaks protocol {version}, we {PROTOCOL_VERSION}; flash it anew"
                )
            return channels, classes, free_ram
    raise SimulationError(
        f"port '{line.port}': no greeting within {line.silence_s:g} s; is the firmware on the board?"
    )


def classify(line: SerialLine, window: np.ndarray, classes: int) -> tuple[int, ...]:
    """Return (class, logits ..., microseconds of all steps, of the longest) of one window [steps, channels]."""
    line.put(b"W" + len(window).to_bytes(2, "little"))
    for sample in window.astype("<i2"):
        if line.get(1) != b"?":
            raise SimulationError(
                f"port '{line.port}': the board did not ask for a sample; reset it and try again"
            )
        line.put(sample.tobytes())
    if line.get(1) != b"=":
        raise SimulationError(f"port '{line.port}': the board did not answer; reset it and try again")
    return struct.unpack(f"<B{classes}iII", line.get(1 + 4 * classes + 8))
