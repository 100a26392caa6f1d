"""Phones without a phone: the runtimes' own ARM64 builds in QEMU's user emulation, with instruction counts."""
