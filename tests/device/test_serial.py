"""The serial protocol of a real board, spoken with a simulated ATmega328P behind a pseudo-terminal."""

import json
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from converters.base import converter
from tinygmp.artifact import Artifact
from tinygmp.cli import main
from tinygmp.device.board import find_board
from tinygmp.device.elf_sizes import read_image
from tinygmp.device.serial_run import run_over_serial
from tinygmp.device.simavr_run import flash_image, simavr_runner
from tinygmp.device.toolchain import build
from tinygmp.errors import ConfigError, SimulationError
from tinygmp.graph.file import save_model
from tinygmp.graph.random_model import random_model

UNO = find_board("arduino-uno")


@contextmanager
def board_behind_a_terminal(artifact: Artifact) -> Iterator[str]:
    """Give the path of a terminal with an artifact's serial firmware, simulated, behind it."""
    program = ("serial_main.c", "serial_avr.c")
    firmware = build(artifact, UNO, defines=(f"F_CPU={UNO.clock_hz}UL",), program=program)
    code = flash_image(read_image(firmware.elf))
    command = [*simavr_runner("simavr_serial.c"), UNO.mcu, str(UNO.clock_hz)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(len(code).to_bytes(4, "little") + code)
    process.stdin.close()
    yield process.stdout.readline().decode().strip()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def simulated_board(needs, summing):
    """Path of a terminal with the summing model's firmware behind it."""
    needs("avr-gcc", "simavr")
    with board_behind_a_terminal(summing) as terminal:
        yield terminal


def test_verify_checks_the_board_behind_a_port(needs, tmp_path, monkeypatch, capsys):
    needs("avr-gcc", "simavr")
    model = random_model(seed=5, inputs=3, hidden=8, steps=6)
    path = save_model(model, tmp_path / "model.tgmp")
    other = save_model(random_model(seed=6, inputs=3, hidden=8, steps=6), tmp_path / "other.tgmp")

    def verify(file, terminal):
        monkeypatch.setattr(
            "sys.argv",
            [
                "tinygmp",
                "verify",
                str(file),
                "--port",
                terminal,
                "--data",
                "random",
                "--windows",
                "2",
                "--json",
            ],
        )
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    with board_behind_a_terminal(converter("c")(model)) as terminal:
        code, told = verify(path, terminal)
        assert code == 0
        assert told["passed"]
        assert told["parity"]["logit_mismatches"] == 0
        assert told["mean_step_us"] > 10
        assert 0 < told["free_ram_bytes"] < UNO.ram_bytes
    with board_behind_a_terminal(converter("c")(model)) as terminal:
        code, told = verify(other, terminal)  # the board holds another model
        assert code == 1
        assert told["parity"]["logit_mismatches"] > 0


def test_a_board_gives_the_reference_answers_and_its_times(simulated_board, windows, summing_logits):
    run = run_over_serial(simulated_board, windows[:3])
    np.testing.assert_array_equal(run.result.logits, summing_logits(windows[:3]))
    np.testing.assert_array_equal(run.result.classes, summing_logits(windows[:3]).argmax(axis=1))
    assert (
        2 < run.mean_step_us <= run.longest_step_us < 100
    )  # some 70 cycles at 16 MHz, and the clock's reading
    assert 1500 < run.free_ram_bytes < UNO.ram_bytes


def test_windows_of_another_width_are_refused(simulated_board, windows):
    with pytest.raises(ConfigError, match="takes 2 channels, not 3"):
        run_over_serial(simulated_board, np.zeros((1, 4, 3), np.int16))


def test_absent_port_is_named(windows):
    with pytest.raises(ConfigError, match=r"port '/dev/tty-nothing' cannot be opened: No such file"):
        run_over_serial("/dev/tty-nothing", windows)


def test_a_file_is_no_port(tmp_path, windows):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match="is not a serial line"):
        run_over_serial(str(path), windows)


def test_a_silent_board_is_told(windows):
    board, terminal = pty.openpty()
    try:
        with pytest.raises(SimulationError, match=r"no greeting within 0\.5 s"):
            run_over_serial(os.ttyname(terminal), windows, silence_s=0.5)
    finally:
        os.close(board)
        os.close(terminal)


def test_another_protocol_is_told(windows):
    board, terminal = pty.openpty()
    answer = threading.Thread(target=lambda: (os.read(board, 1), os.write(board, b"TG\x09\x02\x03\x00\x00")))
    answer.start()
    try:
        with pytest.raises(SimulationError, match="speaks protocol 9, we 1"):
            run_over_serial(os.ttyname(terminal), windows)
    finally:
        answer.join()
        os.close(board)
        os.close(terminal)
