#!/usr/bin/env bash
# Install the device lab's programs that pip does not have (Debian or Ubuntu): AVR, a second compiler for every core,
# and second simulators. Without them tinygmp still builds for ARM, RISC-V and MSP430 and runs them.
#   sudo scripts/install_device_tools.sh          install
#   scripts/install_device_tools.sh --print       only say what would be installed
set -euo pipefail

packages=(
  gcc-avr avr-libc                # AVR compiler
  simavr libsimavr-dev # AVR simulator, exact to the cycle
  gcc g++ libc6-dev cmake make     # host compilers with sanitizers, and the CMake target of a model
  gcc-arm-none-eabi libnewlib-arm-none-eabi
  gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
  qemu-system-arm qemu-system-misc
  mspdebug # a second MSP430 simulator
  chromium # the browser in which tests look at the report
)

if [ "${1:-}" = "--print" ]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "apt-get is missing: this script knows Debian and Ubuntu; install these by hand: ${packages[*]}" >&2
  exit 3
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "installing needs root: sudo $0" >&2
  exit 2
fi
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}"
