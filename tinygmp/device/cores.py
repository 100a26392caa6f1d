"""What each processor core needs from a compiler and from a simulator."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """A processor core: compiler flags, start-up code and the simulator that runs it.

    `zig_flags` go to `python -m ziglang cc`, `gcc_flags` to `gcc`; an empty `gcc` means that none is used, and
    neither that tinygmp cannot build for the core: only a program built elsewhere can be measured.
    `unicorn_cpu` names the constant of unicorn, empty where another simulator runs the core.
    """

    name: str
    family: str  # 'arm', 'riscv', 'avr', 'msp430' or 'xtensa'
    simulator: str  # 'unicorn', 'simavr' or 'msp430_core'; empty where there is none
    zig_flags: tuple[str, ...] = ()
    gcc: str = ""
    gcc_flags: tuple[str, ...] = ()
    unicorn_cpu: str = ""
    cycle_model: str = ""

    @property
    def has_compiler(self) -> bool:
        return bool(self.zig_flags or self.gcc)


def arm(
    name: str, zig_cpu: str, gcc_cpu: str, unicorn_cpu: str, *gcc_flags: str, cycle_model: str = ""
) -> Core:
    """Return a Cortex-M core; cores with a floating-point unit pass arguments in its registers (eabihf)."""
    target = "thumb-freestanding-eabihf" if "-mfloat-abi=hard" in gcc_flags else "thumb-freestanding-eabi"
    return Core(
        name=name,
        family="arm",
        simulator="unicorn",
        zig_flags=("-target", target, f"-mcpu={zig_cpu}"),
        gcc="arm-none-eabi-gcc",
        gcc_flags=(f"-mcpu={gcc_cpu}", "-mthumb", *gcc_flags),
        unicorn_cpu=unicorn_cpu,
        cycle_model=cycle_model,
    )


def riscv(name: str, zig_cpu: str, march: str, mabi: str) -> Core:
    return Core(
        name=name,
        family="riscv",
        simulator="unicorn",
        zig_flags=("-target", "riscv32-freestanding-none", f"-mcpu={zig_cpu}", f"-mabi={mabi}"),
        gcc="riscv64-unknown-elf-gcc",
        gcc_flags=(f"-march={march}", f"-mabi={mabi}", "-misa-spec=2.2"),
        unicorn_cpu="UC_CPU_RISCV32_ANY",
    )


def avr(name: str) -> Core:
    return Core(name=name, family="avr", simulator="simavr", gcc="avr-gcc")


MSP430 = ("-target", "msp430-freestanding-none", "-fno-builtin")
HARD_SINGLE = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")

CORES = {
    core.name: core
    for core in (
        arm("cortex-m0", "cortex_m0", "cortex-m0", "UC_CPU_ARM_CORTEX_M0"),
        arm("cortex-m0plus", "cortex_m0plus", "cortex-m0plus", "UC_CPU_ARM_CORTEX_M0", cycle_model="cortex-m0plus"),
        arm("cortex-m3", "cortex_m3", "cortex-m3", "UC_CPU_ARM_CORTEX_M3"),
        # Without the explicit floating-point unit zig compiles soft-float calls for a hard-float target.
        arm("cortex-m4f", "cortex_m4+vfp4d16sp", "cortex-m4", "UC_CPU_ARM_CORTEX_M4", *HARD_SINGLE),
        arm("cortex-m7", "cortex_m7+fp_armv8d16sp", "cortex-m7", "UC_CPU_ARM_CORTEX_M7",
            "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
        arm("cortex-m33", "cortex_m33+dsp", "cortex-m33", "UC_CPU_ARM_CORTEX_M33",
            "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
        riscv("rv32imc", "generic_rv32+m+c", "rv32imc", "ilp32"),
        riscv("rv32ec", "generic_rv32+e+c-i", "rv32ec", "ilp32e"),
        avr("avr25"),
        avr("avr5"),
        avr("avr6"),
        Core("msp430", "msp430", "msp430_core", zig_flags=MSP430),
        Core("msp430x", "msp430", "", zig_flags=MSP430),  # plain MSP430 instructions: the lower 64 KB
        Core("xtensa-lx6", "xtensa", ""),
        Core("xtensa-lx7", "xtensa", ""),
    )
}  # fmt: skip
