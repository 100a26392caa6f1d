"""The cores of phones that the lab emulates, and what a program there finds in /proc and /sys.

Without these files the runtimes read those of the machine below, crash, or silently run everything dense.
"""

from dataclasses import dataclass
from pathlib import Path

from tinygmp.errors import ConfigError

CPUS = 4
BASE = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
DOT = f"{BASE} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"


@dataclass(frozen=True)
class PhoneCore:
    """A core by QEMU's name; `part` is its number in ARM's list, `features` are Linux's names of what it has."""

    name: str
    part: str
    features: str


CORES = {
    core.name: core
    for core in (
        PhoneCore("cortex-a53", "0xd03", BASE),
        PhoneCore("cortex-a72", "0xd08", BASE),
        PhoneCore("cortex-a76", "0xd0b", DOT),
    )
}
BOARDS = {"arm64": CORES["cortex-a76"], **CORES}  # names that --board takes


def find_core(name: str) -> PhoneCore:
    """Return the core of a board's name; raises ConfigError with those that there are."""
    if name not in BOARDS:
        raise ConfigError(f"phone core '{name}' is unknown; use one of {', '.join(BOARDS)}")
    return BOARDS[name]


def write_machine(core: PhoneCore, root: Path, folder: Path) -> None:
    """Fill a folder with what programs of an unpacked system see as /: its files, and /proc and /sys of a core."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in root.iterdir():
        if not (folder / part.name).exists():
            (folder / part.name).symlink_to(part)
    (folder / "proc").mkdir(exist_ok=True)
    (folder / "proc" / "cpuinfo").write_text("".join(cpu_text(core, cpu) for cpu in range(CPUS)))
    system = folder / "sys" / "devices" / "system" / "cpu"
    system.mkdir(parents=True, exist_ok=True)
    for name in ("possible", "present"):
        (system / name).write_text(f"0-{CPUS - 1}\n")


def cpu_text(core: PhoneCore, cpu: int) -> str:
    return (
        f"processor\t: {cpu}\nBogoMIPS\t: 48.00\nFeatures\t: {core.features}\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\n"
        f"CPU part\t: {core.part}\nCPU revision\t: 0\n\n"
    )
