"""Counted blocks become names of kernels."""

from tinygmp.device.phone.kernels import SPARSE_KERNEL, XNNPACK_KERNEL, add_kernels

SYMBOLS = [(0x100, 0x20, "xnn_a"), (0x140, 0x10, "xnn_b")]


def test_a_block_counts_for_the_function_that_it_lies_in():
    found = {}
    blocks = [(0x1100, 5), (0x111F, 7), (0x1120, 1000), (0x1140, 3), (0x1150, 1000), (0x10, 1000)]
    add_kernels(found, blocks, SYMBOLS, 0x1000)
    assert found == {"xnn_a": 12, "xnn_b": 3}


def test_sparse_kernels_are_told_from_dense_ones():
    sparse = "xnn_f32_spmm_minmax_ukernel_32x1__neonfma_pipelined"
    dense = "xnn_f32_gemm_minmax_ukernel_4x8__asm_aarch64_neonfma_cortex_a75"
    assert all(XNNPACK_KERNEL.match(name) for name in (sparse, dense))
    assert SPARSE_KERNEL.match(sparse)
    assert not SPARSE_KERNEL.match(dense)
