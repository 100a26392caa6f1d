#ifndef TG_UNITS_ARM_C
#define TG_UNITS_ARM_C
#include "tg_gates_wide.c"
#include "tg_platform.h"

#if TG_UNITS_APART && defined(__ARM_FEATURE_DSP)
/* A whole step of a FastGRNN cell in one function of assembler for ARMv7E-M: every row and every gate.
 *
 * units: of each unit the first map's row (survivors n, n columns, n values), the second map's row, the gate's bias,
 * the update's bias; the bytes of the csr8 streams and of the biases, in the order they are used. first, second: what
 * the maps multiply, -127..127; hidden: the state, written; top: its upper bytes, written when every row is done, since
 * second may be the same; middle: the entry of zero in tg_gate_segments. None needs an alignment.
 *
 * TG_UNITS_ARM(name, UNITS, RUN_FIRST, RUN, BETWEEN, LATE, PRE, MULTIPLIER, POST, WIDE, GATE, UPDATE, ZETA, ZETA_SHIFT, NU):
 * the runs are the maps' longest rows rounded up to 8, 16 .. 56; BETWEEN, LATE left shifts of the sum after the first map and after
 * both; PRE at least LATE; WIDE is not needed, saturation being part of a shift.
 *
 * A row is one jump into a run of products at fixed distances from its end, four at a time in the second map: their
 * values come in one word. r0 units, r1 first, r2 second, r3 hidden, r4 sum, r8 end of the columns, r9 multiplier and
 * -zeta, r10 what rounds, r11 the update's gain at z = 0, r12 middle, lr end of hidden.
 */
#define TG_UNITS_ARM(name, UNITS, RUN_FIRST, RUN, BETWEEN, LATE, PRE, MULTIPLIER, POST, WIDE, GATE, UPDATE, ZETA, \
                     ZETA_SHIFT, NU) \
    TG_NAKED static void name( \
        const uint8_t *units TG_UNUSED, const int8_t *first TG_UNUSED, const int8_t *second TG_UNUSED, \
        int16_t *hidden TG_UNUSED, int8_t *top TG_UNUSED, const tg_gate_segment *middle TG_UNUSED) \
    { \
        __asm__ volatile( \
        ".syntax unified\n\t" \
        "push {r3-r11, lr}\n\t" \
        "ldr r12, [sp, #44]\n\t" \
        "movw r9, #" #MULTIPLIER "\n\tmovt r9, #(-" #ZETA ") & 0xffff\n\t" \
        "mov r10, #1 << (" #POST " - 1)\n\t" \
        "movw r11, #((" #ZETA " << 8) + (" #NU " << " #ZETA_SHIFT ")) & 0xffff\n\t" \
        "movt r11, #((" #ZETA " << 8) + (" #NU " << " #ZETA_SHIFT ")) >> 16\n\t" \
        "add lr, r3, #2 * " #UNITS "\n" \
        "1:\n\t" \
        "ldrb r5, [r0], #1\n\tmov r4, #0\n\tadd r8, r0, r5\n\tadd r0, r8, r5\n\ttbh [pc, r5, lsl #1]\n\t" \
        ".set tg_n, 0\n\t.rept " #RUN_FIRST " + 1\n\t" \
        ".hword " #RUN_FIRST " + 1 + 8 * (" #RUN_FIRST " - tg_n)\n\t.set tg_n, tg_n + 1\n\t.endr\n\t" \
        TG_LEVELS_##RUN_FIRST(TG_SINGLES_ARM) \
        ".if " #BETWEEN "\n\tlsl r4, r4, #" #BETWEEN "\n\t.endif\n\t" \
        "ldrb r5, [r0], #1\n\tadd r8, r0, r5\n\tadd r0, r8, r5\n\ttbh [pc, r5, lsl #1]\n\t" \
        TG_FOURS_TABLE_ARM(RUN) \
        /* Singles of a row that is no whole number of fours, and the jump (16 bits) to its fours. */ \
        TG_LEVELS_##RUN(TG_REST_ARM) TG_LEVELS_##RUN(TG_FOUR_ARM) \
        /* r5 gate and r4 update. */ \
        ".if " #PRE " - " #LATE "\n\tssat r4, #16, r4, asr #" #PRE " - " #LATE "\n\t.else\n\tssat r4, #16, r4\n\t.endif\n\t" \
        "smlabb r4, r4, r9, r10\n\tssat r4, #16, r4, asr #" #POST "\n\t" \
        "ldrsb r5, [r0], #1\n\tldrsb r6, [r0], #1\n\t" \
        "add r5, r4, r5, lsl #" #GATE "\n\tadd r4, r4, r6, lsl #" #UPDATE "\n\t" \
        "add r5, r5, r5, lsr #31\n\tssat r5, #14, r5, asr #1\n\tssat r4, #14, r4\n\t" \
        /* The curves, in the upper halves of r5 and r4. */ \
        "asr r6, r5, #8\n\tadd r6, r12, r6, lsl #3\n\tldrd r6, r7, [r6]\n\tmla r5, r7, r5, r6\n\t" \
        "asr r6, r4, #8\n\tadd r6, r12, r6, lsl #3\n\tldrd r6, r7, [r6]\n\tmla r4, r7, r4, r6\n\t" \
        "smlatt r6, r9, r5, r11\n\t" \
        ".if " #ZETA_SHIFT "\n\tasr r6, r6, #" #ZETA_SHIFT "\n\t.endif\n\t" \
        "smulbt r6, r6, r4\n\t" \
        "ldrsh r7, [r3]\n\tlsl r8, r7, #8\n\tsmlabt r8, r7, r5, r8\n\tadd r8, r8, r6, lsl #2\n\t" \
        "add r8, r8, #256\n\tasr r8, r8, #9\n\t" \
        "add r5, r8, #32512\n\tcmp r5, #65024\n\tbhi 3f\n" \
        "2:\n\t" \
        "strh r8, [r3], #2\n\tcmp r3, lr\n\tbne.w 1b\n\tb 4f\n" \
        "3:\n\tmov r5, #32512\n\tcmp r8, #0\n\tite lt\n\trsblt r8, r5, #0\n\tmovge r8, r5\n\tb 2b\n" \
        /* (state + 128) >> 8, four at a time. */ \
        "4:\n\t" \
        "ldr r3, [sp]\n\tldr r0, [sp, #40]\n\tmov r6, #0x00800080\n\t" \
        ".if " #UNITS " / 4\n\tsub lr, lr, #2 * (" #UNITS " % 4)\n" \
        "5:\n\tldr r4, [r3], #4\n\tldr r5, [r3], #4\n\tsadd16 r4, r4, r6\n\tsadd16 r5, r5, r6\n\t" \
        "uxtb16 r4, r4, ror #8\n\tuxtb16 r5, r5, ror #8\n\torr r4, r4, r4, lsr #8\n\torr r5, r5, r5, lsr #8\n\t" \
        "pkhbt r4, r4, r5, lsl #16\n\tstr r4, [r0], #4\n\tcmp r3, lr\n\tbne 5b\n\t" \
        ".endif\n\t" \
        ".rept " #UNITS " % 4\n\tldrsh r4, [r3], #2\n\tadd r4, r4, #128\n\tasr r4, r4, #8\n\tstrb r4, [r0], #1\n\t.endr\n\t" \
        "pop {r3-r11, pc}\n"); \
    }

/* What a run of 8, 16 .. 56 products is made of, last level first: level l stands for those 4 * l + 4 .. 4 * l + 1 before
 * the row's end.
 */
#define TG_LEVELS_8(L) L(1) L(0)
#define TG_LEVELS_16(L) L(3) L(2) TG_LEVELS_8(L)
#define TG_LEVELS_24(L) L(5) L(4) TG_LEVELS_16(L)
#define TG_LEVELS_32(L) L(7) L(6) TG_LEVELS_24(L)
#define TG_LEVELS_40(L) L(9) L(8) TG_LEVELS_32(L)
#define TG_LEVELS_48(L) L(11) L(10) TG_LEVELS_40(L)
#define TG_LEVELS_56(L) L(13) L(12) TG_LEVELS_48(L)

/* Four instructions, 16 bytes: the product `left` before the row's end. */
#define TG_SINGLE_ARM(x, left) \
    "ldrb.w r5, [r8, #-(" left ")]\n\tldrsb.w r5, [" x ", r5]\n\tldrsb.w r6, [r0, #-(" left ")]\n\tsmlabb r4, r5, r6, r4\n\t"
#define TG_SINGLES_ARM(level) \
    TG_SINGLE_ARM("r1", "4*" #level "+4") TG_SINGLE_ARM("r1", "4*" #level "+3") \
    TG_SINGLE_ARM("r1", "4*" #level "+2") TG_SINGLE_ARM("r1", "4*" #level "+1")

/* 50 bytes: up to three products of a row that is no whole number of fours, and the jump (16 bits) to its fours. */
#define TG_REST_ARM(level) \
    TG_SINGLE_ARM("r2", "4*" #level "+3") TG_SINGLE_ARM("r2", "4*" #level "+2") TG_SINGLE_ARM("r2", "4*" #level "+1") \
    ".hword 0xe000 + 25 * " #level " - 1 + 30 * (tg_fours - " #level ")\n\t"

/* Fifteen instructions, 60 bytes: four products, whose values r6 and r7 hold as 16 bits. */
#define TG_FOUR_ARM(level) \
    "ldr r6, [r0, #-(4*" #level "+4)]\n\tsxtb16 r7, r6, ror #8\n\tsxtb16 r6, r6\n\t" \
    "ldrb.w r5, [r8, #-(4*" #level "+4)]\n\tldrsb.w r5, [r2, r5]\n\tsmlabb r4, r5, r6, r4\n\t" \
    "ldrb.w r5, [r8, #-(4*" #level "+3)]\n\tldrsb.w r5, [r2, r5]\n\tsmlabb r4, r5, r7, r4\n\t" \
    "ldrb.w r5, [r8, #-(4*" #level "+2)]\n\tldrsb.w r5, [r2, r5]\n\tsmlabt r4, r5, r6, r4\n\t" \
    "ldrb.w r5, [r8, #-(4*" #level "+1)]\n\tldrsb.w r5, [r2, r5]\n\tsmlabt r4, r5, r7, r4\n\t"

/* Where a row of n survivors begins: at its rest, or at its fours where there is none. */
#define TG_FOURS_TABLE_ARM(RUN) \
    ".set tg_fours, " #RUN " / 4\n\t" \
    ".set tg_n, 0\n\t.rept " #RUN " + 1\n\t" \
    ".if tg_n % 4\n\t" \
    ".hword " #RUN " + 1 + 25 * (tg_fours - 1 - tg_n / 4) + 8 * (3 - tg_n % 4)\n\t" \
    ".else\n\t" \
    ".hword " #RUN " + 1 + 25 * tg_fours + 30 * (tg_fours - tg_n / 4)\n\t" \
    ".endif\n\t" \
    ".set tg_n, tg_n + 1\n\t.endr\n\t"
#endif
#endif /* TG_UNITS_ARM_C */
