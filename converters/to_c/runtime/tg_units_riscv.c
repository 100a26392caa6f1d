#ifndef TG_UNITS_RISCV_C
#define TG_UNITS_RISCV_C
#include "tg_gates_wide.c"
#include "tg_platform.h"

#if TG_UNITS_APART && defined(__riscv)
/* tg_gate_segments for a gate from twice as far, z + 256 in place of z: lines over even places from -16384. */
#define TG_GATE_SEGMENT_Z(s, start, rise) {(start) + 16777216 - (int32_t)(rise) * 256 * (s), (rise) / 2},
static const tg_gate_segment tg_gate_segments_z[64] = {TG_GATE_LIST(TG_GATE_SEGMENT_Z)};

/* A whole step of a FastGRNN cell in one function of assembler for RV32IM: every row and every gate.
 *
 * units: of each unit the first map's row (survivors n, n columns, n values), the second map's row, the gate's bias,
 * the update's bias; the bytes of the csr8 streams and of the biases, in the order they are used. first, second: what
 * the maps multiply, -127..127; hidden: the state, written; top: its upper bytes, written when every row is done, since
 * second may be the same.
 *
 * TG_UNITS_RISCV(name, UNITS, RUN_FIRST, RUN, BETWEEN, LATE, PRE, MULTIPLIER, POST, WIDE, GATE, UPDATE, ZETA,
 * ZETA_SHIFT, NU):
 * the runs are the maps' longest rows rounded up to 8, 16 .. 56; BETWEEN, LATE left shifts of the sum after the first
 * map and after both; PRE at least LATE; WIDE 1 where a sum may leave 16 bits after PRE.
 *
 * a0 units, a1 first, a2 second, a3 hidden, a4 the curve's segments, a5 the gate's, a6 multiplier, a7 what rounds, plus
 * 8192 where that fits; t2 sum, s0 bytes a product, s1 and s2 ends of the runs, s3 gain at z = 0, s4 zeta, s5 to s8 limits, s9 end.
 */
#define TG_UNITS_RISCV(name, UNITS, RUN_FIRST, RUN, BETWEEN, LATE, PRE, MULTIPLIER, POST, WIDE, GATE, UPDATE, ZETA, \
                       ZETA_SHIFT, NU) \
    TG_NAKED static void name( \
        const uint8_t *units TG_UNUSED, const int8_t *first TG_UNUSED, const int8_t *second TG_UNUSED, \
        int16_t *hidden TG_UNUSED, const tg_gate_segment *curve TG_UNUSED, const tg_gate_segment *gate TG_UNUSED, \
        int8_t *top TG_UNUSED) \
    { \
        __asm__ volatile( \
        ".option push\n\t.option norvc\n\t" \
        "addi sp, sp, -48\n\t" \
        "sw s0, 0(sp)\n\tsw s1, 4(sp)\n\tsw s2, 8(sp)\n\tsw s3, 12(sp)\n\tsw s4, 16(sp)\n\tsw s5, 20(sp)\n\t" \
        "sw s6, 24(sp)\n\tsw s7, 28(sp)\n\tsw s8, 32(sp)\n\tsw s9, 36(sp)\n\tsw a3, 40(sp)\n\tsw a6, 44(sp)\n\t" \
        "li a6, " #MULTIPLIER "\n\t" \
        ".if " #POST " > 16\n\tli a7, 1 << (" #POST " - 1)\n\t" \
        ".else\n\tli a7, (1 << (" #POST " - 1)) + (8192 << " #POST ")\n\t.endif\n\t" \
        "li s0, 24\n\tlla s1, 11f\n\tlla s2, 12f\n\t" \
        "li s3, (" #ZETA " << 9) + (" #NU " << " #ZETA_SHIFT ")\n\tli s4, " #ZETA "\n\t" \
        "li s5, 8192\n\tli s6, 16384\n\tli s7, 32768\n\tli s8, 32512\n\tli t6, 65024\n\t" \
        "li s9, 2 * " #UNITS "\n\tadd s9, s9, a3\n\taddi a0, a0, 1\n" \
        "1:\n\t" \
        "lbu t0, -1(a0)\n\tli t2, 0\n\tadd t1, a0, t0\n\tmul t3, t0, s0\n\tsub t3, s1, t3\n\tadd a0, t1, t0\n\tjr t3\n\t" \
        TG_FROM_##RUN_FIRST(TG_PRODUCT_FIRST_RISCV) \
        "11:\n\t" \
        ".if " #BETWEEN "\n\tslli t2, t2, " #BETWEEN "\n\t.endif\n\t" \
        "lbu t0, 0(a0)\n\tadd t1, a0, t0\n\tmul t3, t0, s0\n\tsub t3, s2, t3\n\tadd a0, t1, t0\n\tjr t3\n\t" \
        TG_BELOW_##RUN(TG_PRODUCT_SECOND_RISCV) \
        "12:\n\t" \
        ".if " #PRE " - " #LATE "\n\tsrai t2, t2, " #PRE " - " #LATE "\n\t.endif\n\t" \
        ".if " #WIDE "\n\tadd t0, t2, s7\n\tsrli t0, t0, 16\n\tbnez t0, 10f\n13:\n\t.endif\n\t" \
        "mul t2, t2, a6\n\tlb t0, 1(a0)\n\tlb t3, 2(a0)\n\taddi a0, a0, 4\n\t" \
        "add t2, t2, a7\n\tsrai t2, t2, " #POST "\n\t" \
        ".if " #POST " > 16\n\tadd t2, t2, s5\n\t.endif\n\t" \
        /* t0 gate + 16384 and t2 update + 8192. */ \
        "slli t0, t0, " #GATE "\n\tadd t0, t0, t2\n\tadd t0, t0, s5\n\tslli t3, t3, " #UPDATE "\n\tadd t2, t2, t3\n\t" \
        "bgeu t0, s7, 3f\n" \
        "2:\n\t" \
        "bgeu t2, s6, 4f\n" \
        "5:\n\t" \
        /* Halves round toward zero, as magnitudes do. */ \
        "slt t3, t0, s6\n\tadd t0, t0, t3\n\t" \
        "srli t3, t0, 9\n\tslli t3, t3, 3\n\tadd t3, t3, a5\n\tandi t0, t0, -2\n\t" \
        "lw t4, 4(t3)\n\tlw t3, 0(t3)\n\tmul t0, t0, t4\n\tadd t0, t0, t3\n\tsrai t0, t0, 16\n\t" \
        "srli t3, t2, 8\n\tslli t3, t3, 3\n\tadd t3, t3, a4\n\t" \
        "lw t4, 4(t3)\n\tlw t3, 0(t3)\n\tmul t2, t2, t4\n\tadd t2, t2, t3\n\tsrai t2, t2, 16\n\t" \
        "mul t3, s4, t0\n\tlh t4, 0(a3)\n\tsub t3, s3, t3\n\t" \
        ".if " #ZETA_SHIFT "\n\tsrai t3, t3, " #ZETA_SHIFT "\n\t.endif\n\t" \
        "mul t3, t3, t2\n\tmul t4, t4, t0\n\taddi t3, t3, 64\n\tslli t3, t3, 2\n\tadd t4, t4, t3\n\tsrai t4, t4, 9\n\t" \
        "add t0, t4, s8\n\tbgtu t0, t6, 6f\n" \
        "7:\n\t" \
        "sh t4, 0(a3)\n\taddi a3, a3, 2\n\tbne a3, s9, 1b\n\tj 8f\n" \
        ".if " #WIDE "\n10:\n\tslt t3, t2, zero\n\taddi t2, s7, -1\n\tbeqz t3, 13b\n\tneg t2, s7\n\tj 13b\n\t.endif\n" \
        "3:\n\tslt t3, t0, zero\n\tli t0, 0\n\tbnez t3, 2b\n\taddi t0, s7, -1\n\tj 2b\n" \
        "4:\n\tslt t3, t2, zero\n\tli t2, 0\n\tbnez t3, 5b\n\taddi t2, s6, -1\n\tj 5b\n" \
        "6:\n\tslt t3, t4, zero\n\tmv t4, s8\n\tbeqz t3, 7b\n\tneg t4, s8\n\tj 7b\n" \
        /* (state + 128) >> 8, eight at a time. */ \
        "8:\n\t" \
        "lw a3, 40(sp)\n\tlw a6, 44(sp)\n\t" \
        ".if " #UNITS " / 8\n\taddi s9, a3, 16 * (" #UNITS " / 8)\n" \
        "9:\n\t" TG_TOP_RISCV(0) TG_TOP_RISCV(1) TG_TOP_RISCV(2) TG_TOP_RISCV(3) TG_TOP_RISCV(4) TG_TOP_RISCV(5) \
        TG_TOP_RISCV(6) TG_TOP_RISCV(7) "addi a3, a3, 16\n\taddi a6, a6, 8\n\tbne a3, s9, 9b\n\t" \
        ".endif\n\t" \
        ".rept " #UNITS " % 8\n\t" TG_TOP_RISCV(0) "addi a3, a3, 2\n\taddi a6, a6, 1\n\t.endr\n\t" \
        "lw s0, 0(sp)\n\tlw s1, 4(sp)\n\tlw s2, 8(sp)\n\tlw s3, 12(sp)\n\tlw s4, 16(sp)\n\tlw s5, 20(sp)\n\t" \
        "lw s6, 24(sp)\n\tlw s7, 28(sp)\n\tlw s8, 32(sp)\n\tlw s9, 36(sp)\n\taddi sp, sp, 48\n\tret\n\t" \
        ".option pop\n"); \
    }

/* Six instructions, 24 bytes a product; the first map's rows end before t1 and a0, the second's with them. */
#define TG_PRODUCT_RISCV(x, left) \
    "lbu t0, -" left "(t1)\n\tadd t0, t0, " x "\n\tlb t4, -" left "(a0)\n\tlb t0, 0(t0)\n\tmul t0, t0, t4\n\tadd t2, t2, t0\n\t"
#define TG_PRODUCT_FIRST_RISCV(left) TG_PRODUCT_RISCV("a1", #left)
#define TG_PRODUCT_SECOND_RISCV(left) TG_PRODUCT_RISCV("a2", #left)
#define TG_TOP_RISCV(unit) \
    "lh t0, 2 * " #unit "(a3)\n\taddi t0, t0, 128\n\tsrai t0, t0, 8\n\tsb t0, " #unit "(a6)\n\t"

#define TG_FROM_8(P) P(8) P(7) P(6) P(5) P(4) P(3) P(2) P(1)
#define TG_FROM_16(P) P(16) P(15) P(14) P(13) P(12) P(11) P(10) P(9) TG_FROM_8(P)
#define TG_FROM_24(P) P(24) P(23) P(22) P(21) P(20) P(19) P(18) P(17) TG_FROM_16(P)
#define TG_FROM_32(P) P(32) P(31) P(30) P(29) P(28) P(27) P(26) P(25) TG_FROM_24(P)
#define TG_FROM_40(P) P(40) P(39) P(38) P(37) P(36) P(35) P(34) P(33) TG_FROM_32(P)
#define TG_FROM_48(P) P(48) P(47) P(46) P(45) P(44) P(43) P(42) P(41) TG_FROM_40(P)
#define TG_FROM_56(P) P(56) P(55) P(54) P(53) P(52) P(51) P(50) P(49) TG_FROM_48(P)
#define TG_BELOW_8(P) P(7) P(6) P(5) P(4) P(3) P(2) P(1) P(0)
#define TG_BELOW_16(P) P(15) P(14) P(13) P(12) P(11) P(10) P(9) P(8) TG_BELOW_8(P)
#define TG_BELOW_24(P) P(23) P(22) P(21) P(20) P(19) P(18) P(17) P(16) TG_BELOW_16(P)
#define TG_BELOW_32(P) P(31) P(30) P(29) P(28) P(27) P(26) P(25) P(24) TG_BELOW_24(P)
#define TG_BELOW_40(P) P(39) P(38) P(37) P(36) P(35) P(34) P(33) P(32) TG_BELOW_32(P)
#define TG_BELOW_48(P) P(47) P(46) P(45) P(44) P(43) P(42) P(41) P(40) TG_BELOW_40(P)
#define TG_BELOW_56(P) P(55) P(54) P(53) P(52) P(51) P(50) P(49) P(48) TG_BELOW_48(P)
#endif
#endif /* TG_UNITS_RISCV_C */
