"""The block counter of trace.c: the record that it fills while a simulated core runs."""

import ctypes

ISA_THUMB, ISA_RISCV = 0, 1


class Trace(ctypes.Structure):
    """struct trace of trace.c; addresses are in the simulated core's space."""

    _fields_ = (
        ("read_register", ctypes.c_void_p),
        ("flash", ctypes.c_void_p),
        ("flash_origin", ctypes.c_uint64),
        ("flash_bytes", ctypes.c_uint64),
        ("entry", ctypes.c_uint64),
        ("link_register", ctypes.c_int32),
        ("stack_register", ctypes.c_int32),
        ("isa", ctypes.c_int32),
        ("calls", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("cycles", ctypes.c_uint64),
        ("most_instructions", ctypes.c_uint64),
        ("most_cycles", ctypes.c_uint64),
        ("fewest_instructions", ctypes.c_uint64),
        ("total_instructions", ctypes.c_uint64),
        ("lowest_stack", ctypes.c_uint64),
        ("return_address", ctypes.c_uint64),
        ("call_instructions", ctypes.c_uint64),
        ("call_cycles", ctypes.c_uint64),
        ("branch_end", ctypes.c_uint64),
        ("outside", ctypes.c_uint64),
        ("mark", ctypes.c_uint64),
        ("marks", ctypes.c_void_p),
        ("most_marks", ctypes.c_uint64),
        ("marks_seen", ctypes.c_uint64),
    )
