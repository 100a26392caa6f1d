#ifndef TG_UNITS_AVR_C
#define TG_UNITS_AVR_C
#include "tg_platform.h"

#if TG_UNITS_IN_ORDER
/* A whole step of a FastGRNN cell in one function of assembler: every row and every gate, constants in the code.
 *
 * units, in flash: of each unit the first map's row (survivors n, then n times column and value), the second map's row,
 * the gate's bias, the update's bias; the bytes of the csr8 streams and of the biases, in the order they are used.
 * first, second: what the maps multiply, -127..127; hidden, top: the state and its upper bytes, both written.
 *
 * The vectors are copied to the stack within one page of 256 bytes, so that a fetch moves one byte of the pointer and
 * top may be written while rows still read the old one: up to 2 * (FIRST + SECOND) bytes of stack.
 *
 * TG_UNITS_AVR(name, UNITS, FIRST, SECOND, RUN, BETWEEN, LATE, PRE, MULTIPLIER, POST, CLIP, WIDE, GATE, UPDATE,
 * ZETA, ZETA_SHIFT, NU): FIRST, SECOND columns; RUN the longest row of the second map; BETWEEN, LATE left shifts of the sum
 * after the first map and after both; CLIP the largest multiplicand that matters, 0 where none is larger; WIDE 1 where it may
 * leave 16 bits; ZETA_SHIFT
 * 2..8; bias shifts at most 6.
 *
 * r2 zero, r3 and r4 the vectors' places in page r5, r7:r6 top, r9:r8 table, r10 units left, r13:r12 units, r23:r22
 * multiplier, r24 and r25 factors of the biases, Y hidden.
 */
#define TG_UNITS_AVR(name, UNITS, FIRST, SECOND, RUN, BETWEEN, LATE, PRE, MULTIPLIER, POST, CLIP, WIDE, \
                     GATE, UPDATE, ZETA, ZETA_SHIFT, NU) \
    TG_NAKED static void name(const uint8_t *units, const int8_t *first, \
                                                      const int8_t *second, int16_t *hidden, int8_t *top, \
                                                      const uint8_t *table) \
    { \
        (void)units, (void)first, (void)second, (void)hidden, (void)top, (void)table; \
        __asm__ volatile( \
        TG_PRODUCT_AVR TG_CURVE_AVR \
        ".irp number, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,28,29\n\tpush r\\number\n\t.endr\n\t" \
        TG_ENTER_AVR(FIRST, SECOND) \
        "mov r10, r28\n\tldi r26, 2 * " #UNITS "\n\tadd r10, r26\n\tldi r26, 9\n\tmov r11, r26\n\t" \
        "ldi r22, lo8(" #MULTIPLIER ")\n\tldi r23, hi8(" #MULTIPLIER ")\n\t" \
        "ldi r24, 1 << " #GATE "\n\tldi r25, 1 << " #UPDATE "\n" \
        TG_MULTIPLIER_AVR \
        /* Both rows of a unit. */ \
        "10:\n\t" \
        TG_PAGE_AVR "clr r18\n\tclr r19\n\tclr r20\n\t" \
        "lpm r21, Z+\n\ttst r21\n\tbreq 2f\n" \
        "1:\n\ttg_product " TG_FIRST_AVR "\n\tdec r21\n\tbrne 1b\n" \
        "2:\n\t" \
        ".rept " #BETWEEN "\n\tlsl r18\n\trol r19\n\trol r20\n\t.endr\n\t" \
        "lpm r21, Z+\n\t" \
        ".if " TG_RUN_AVR(RUN) "\n\t" \
        "mul r21, r11\n\t" \
        "ldi r16, pm_lo8(11f)\n\tldi r17, pm_hi8(11f)\n\tsub r16, r0\n\tsbc r17, r1\n\t" \
        "push r16\n\tpush r17\n\tret\n\t" \
        ".rept " #RUN "\n\ttg_product " TG_SECOND_AVR "\n\t.endr\n" \
        ".else\n\t" \
        "tst r21\n\tbreq 11f\n" \
        "1:\n\ttg_product " TG_SECOND_AVR "\n\tdec r21\n\tbrne 1b\n" \
        ".endif\n" \
        "11:\n\t" \
        ".rept " #LATE "\n\tlsl r18\n\trol r19\n\trol r20\n\t.endr\n\t" \
        TG_NARROW_AVR(PRE, CLIP, WIDE) \
        TG_SCALE_AVR(POST) \
        /* r19:r18 update and r21:r20 gate, each with its bias. */ \
        "lpm r16, Z+\n\t" TG_BIAS_AVR("r24", GATE) "movw r20, r0\n\tadd r20, r18\n\tadc r21, r19\n\t" \
        "lpm r16, Z+\n\t" TG_BIAS_AVR("r25", UPDATE) "add r18, r0\n\tadc r19, r1\n\t" \
        "movw r12, r30\n\t" \
        "sbrc r21, 7\n\trjmp 3f\n\t" \
        "cpi r21, 64\n\t" TG_IF_CARRY_CLEAR_AVR("14f") "lsr r21\n\tror r20\n\ttg_curve r20, r21\n" \
        /* r31:r30 is 4 * a; zeta * 256 leaves no remainder when it is shifted. */ \
        "2:\n\t" \
        "ldi r17, " #ZETA "\n\t" TG_MUL_AVR("r17", "r16") "clr r30\n\tldi r31, " #ZETA "\n\tsub r30, r0\n\tsbc r31, r1\n\t" \
        TG_GAIN_AVR(ZETA_SHIFT, NU) \
        /* p, r27:r26:r15:r14, is (256 + z) * state + 256: by z first, in 24 bits. */ \
        "6:\n\t" TG_KEPT_AVR \
        "add r15, r20\n\tadc r26, r21\n\tadc r27, r2\n\tsbrc r21, 7\n\tdec r27\n\trjmp 4f\n" \
        "14:\n\tldi r16, 255\n\trjmp 2b\n" \
        "17:\n\tldi r16, 255\n\trjmp 18f\n" \
        "3:\n\t" \
        "com r21\n\tneg r20\n\tsbci r21, 255\n\t" \
        "cpi r21, 64\n\t" TG_IF_CARRY_CLEAR_AVR("17b") "lsr r21\n\tror r20\n\ttg_curve r20, r21\n" \
        "18:\n\t" \
        "ldi r17, " #ZETA "\n\t" TG_MUL_AVR("r17", "r16") "movw r30, r0\n\t" \
        TG_GAIN_AVR(ZETA_SHIFT, (ZETA << (8 - ZETA_SHIFT)) + NU) \
        "neg r16\n\t" TG_IF_ZERO_AVR("6b") TG_KEPT_AVR "\n" \
        "4:\n\t" \
        "movw r20, r30\n\tsbrc r19, 7\n\trjmp 3f\n\t" \
        "cpi r19, 32\n\t" TG_IF_CARRY_CLEAR_AVR("15f") "tg_curve r18, r19\n" \
        "16:\n\t" \
        TG_MUL_AVR("r20", "r16") "movw r18, r0\n\tclr r17\n\t" TG_MUL_AVR("r21", "r16") "add r19, r0\n\tadc r17, r1\n\t" \
        "add r14, r18\n\tadc r15, r19\n\tadc r26, r17\n\tadc r27, r2\n\trjmp 4f\n" \
        "15:\n\tldi r16, 255\n\trjmp 16b\n" \
        "19:\n\tldi r16, 255\n\trjmp 20f\n" \
        "3:\n\t" \
        "com r19\n\tneg r18\n\tsbci r19, 255\n\t" \
        "cpi r19, 32\n\t" TG_IF_CARRY_CLEAR_AVR("19b") "tg_curve r18, r19\n" \
        "20:\n\t" \
        TG_MUL_AVR("r20", "r16") "movw r18, r0\n\tclr r17\n\t" TG_MUL_AVR("r21", "r16") "add r19, r0\n\tadc r17, r1\n\t" \
        "sub r14, r18\n\tsbc r15, r19\n\tsbc r26, r17\n\tsbc r27, r2\n" \
        "4:\n\t" \
        "asr r27\n\tror r26\n\tror r15\n\t" \
        /* Out of 16 bits, or beyond 32512? */ \
        "ldi r17, 126\n\tadd r17, r26\n\tadc r27, r2\n\tbrne 7f\n\tcpi r17, 253\n\tbrcc 7f\n" \
        "9:\n\t" \
        "st Y+, r15\n\tst Y+, r26\n\t" \
        TG_TOP_AVR "movw r30, r12\n\t" \
        "cpse r28, r10\n\trjmp 10b\n\trjmp 1f\n" \
        /* Perhaps so: r27 is 0 above 126 * 256, 255 or 1 elsewhere. */ \
        "7:\n\tsbrs r27, 7\n\trjmp 5f\n\t" \
        "cpi r26, 0x81\n\tbreq 9b\n\tldi r26, 0x81\n\tclr r15\n\trjmp 9b\n" \
        "5:\n\tldi r26, 0x7f\n\tclr r15\n\trjmp 9b\n" \
        "1:\n\t" \
        TG_LEAVE_AVR(UNITS) \
        ".irp number, 29,28,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2\n\tpop r\\number\n\t.endr\n\t" \
        "clr r1\n\tret\n\t" \
        TG_FORGET_PRODUCT_AVR ".purgem tg_curve\n\t"); \
    }

/* All rows of a low-rank map's first factor: y[ROWS], -127..127, each requantised.
 *
 * TG_INNER_AVR(name, ROWS, PRE, MULTIPLIER, POST, CLIP, WIDE); rows, in flash: of each row a count and that many pairs
 * of column and value.
 */
#define TG_INNER_AVR(name, ROWS, PRE, MULTIPLIER, POST, CLIP, WIDE) \
    TG_NAKED static void name(const uint8_t *rows, const int8_t *x, int8_t *y) \
    { \
        (void)rows, (void)x, (void)y; \
        __asm__ volatile( \
        TG_PRODUCT_ANYWHERE_AVR \
        ".irp number, 2,3,4,5,10,14,15,16,17,28,29\n\tpush r\\number\n\t.endr\n\t" \
        "clr r2\n\tmovw r4, r22\n\tmovw r28, r20\n\tmovw r30, r24\n\t" \
        "ldi r26, " #ROWS "\n\tmov r10, r26\n\t" \
        "ldi r22, lo8(" #MULTIPLIER ")\n\tldi r23, hi8(" #MULTIPLIER ")\n\t" \
        TG_MULTIPLIER_AVR \
        "10:\n\t" \
        "clr r18\n\tclr r19\n\tclr r20\n\tlpm r21, Z+\n\ttst r21\n\tbreq 2f\n" \
        "1:\n\ttg_product_anywhere r4\n\tdec r21\n\tbrne 1b\n" \
        "2:\n\t" \
        TG_NARROW_AVR(PRE, CLIP, WIDE) \
        TG_SCALE_AVR(POST) \
        "ldi r20, 127\n\tcp r18, r20\n\tcpc r19, r2\n\tbrge 1f\n\t" \
        "ldi r20, -127\n\tldi r21, 255\n\tcp r18, r20\n\tcpc r19, r21\n\tbrlt 1f\n\t" \
        "mov r20, r18\n" \
        "1:\n\t" \
        "st Y+, r20\n\tdec r10\n\tbreq 1f\n\trjmp 10b\n" \
        "1:\n\t" \
        ".irp number, 29,28,17,16,15,14,10,5,4,3,2\n\tpop r\\number\n\t.endr\n\tclr r1\n\tret\n\t" \
        ".purgem tg_product_anywhere\n\t"); \
    }

/* r31:r30 becomes 4 * ((r31:r30 >> ZETA_SHIFT) + OFFSET), r21:r20 the state. */
#define TG_GAIN_AVR(ZETA_SHIFT, OFFSET) \
    ".rept " #ZETA_SHIFT " - 2\n\tlsr r31\n\tror r30\n\t.endr\n\t" \
    "andi r30, 0xfc\n\tsubi r30, lo8(-4 * (" #OFFSET "))\n\tsbci r31, hi8(-4 * (" #OFFSET "))\n\t" \
    "ld r20, Y\n\tldd r21, Y+1\n\t"

/* r27:r26:r15:r14 becomes state * r16 + 256. */
#define TG_KEPT_AVR \
    TG_MUL_AVR("r20", "r16") "movw r14, r0\n\tinc r15\n\tclr r26\n\t" TG_MULSU_AVR("r21", "r16") "add r15, r0\n\tadc r26, r1\n\t" \
    "clr r27\n\tsbrc r26, 7\n\tcom r27\n\t"

/* Add a value times what its column names to r20:r19:r18; TG_MULS_AVR leaves its sign in the carry. */
#define TG_PRODUCT_ANYWHERE_AVR \
    ".macro tg_product_anywhere base\n\t" \
    "movw r26, \\base\n\tlpm r16, Z+\n\tadd r26, r16\n\tadc r27, r2\n\tld r16, X\n\tlpm r17, Z+\n\t" \
    TG_MULS_AVR("r16", "r17") "sbc r20, r2\n\tadd r18, r0\n\tadc r19, r1\n\tadc r20, r2\n\t" \
    ".endm\n\t"

#if defined(__AVR_HAVE_MUL__)
#define TG_MUL_AVR(a, b) "mul " a ", " b "\n\t"
#define TG_MULS_AVR(a, b) "muls " a ", " b "\n\t"
#define TG_MULSU_AVR(a, b) "mulsu " a ", " b "\n\t"
#define TG_RUN_AVR(RUN) #RUN
#define TG_MULTIPLIER_AVR
#define TG_BIAS_AVR(factor, SHIFT) "muls r16, " factor "\n\t"
#define TG_IF_CARRY_CLEAR_AVR(label) "brcc " label "\n\t"
#define TG_IF_ZERO_AVR(label) "breq " label "\n\t"

/* The vectors in a page of the stack, the registers as listed above. */
#define TG_ENTER_AVR(FIRST, SECOND) \
    /* A place for both vectors below the stack that does not cross a page. */ \
    "in r28, 0x3d\n\tin r29, 0x3e\n\t" \
    "movw r2, r28\n\t" \
    "subi r28, " #FIRST " + " #SECOND "\n\tsbci r29, 0\n\t" \
    "mov r26, r28\n\tsubi r26, lo8(-1)\n\t" \
    "cpi r26, 256 - (" #FIRST " + " #SECOND ") + 1\n\tbrcs 1f\n\t" \
    /* It would: the copy ends where the page does, the byte above the new stack pointer in the page before. */ \
    "subi r28, " #FIRST " + " #SECOND "\n\tsbci r29, 0\n\t" \
    "mov r26, r28\n\tsubi r26, lo8(-1)\n\t" \
    "1:\n\t" \
    "in r0, 0x3f\n\tcli\n\tout 0x3e, r29\n\tout 0x3f, r0\n\tout 0x3d, r28\n\t" \
    "push r2\n\tpush r3\n\t" \
    "clr r2\n\t" \
    "adiw r28, 1\n\t" \
    "mov r3, r28\n\tmov r4, r28\n\tmov r5, r29\n\tldi r26, " #FIRST "\n\tadd r4, r26\n\t" \
    "movw r26, r28\n\tmovw r30, r22\n\tldi r28, " #FIRST "\n" \
    "1:\n\tld r0, Z+\n\tst X+, r0\n\tdec r28\n\tbrne 1b\n\t" \
    "movw r30, r20\n\t" \
    ".rept " #SECOND " % 8\n\tld r0, Z+\n\tst X+, r0\n\t.endr\n\t" \
    "ldi r28, " #SECOND " / 8\n\ttst r28\n\tbreq 3f\n" \
    "2:\n\t.rept 8\n\tld r0, Z+\n\tst X+, r0\n\t.endr\n\tdec r28\n\tbrne 2b\n" \
    "3:\n\t" \
    "movw r28, r18\n\tmovw r6, r16\n\tmovw r30, r24\n\t" \
    "movw r8, r14\n\t"
#define TG_LEAVE_AVR(UNITS) \
    "pop r29\n\tpop r28\n\t" \
    "in r0, 0x3f\n\tcli\n\tout 0x3e, r29\n\tout 0x3f, r0\n\tout 0x3d, r28\n\t"
#define TG_PAGE_AVR "mov r27, r5\n\t"
#define TG_FIRST_AVR "r3"
#define TG_SECOND_AVR "r4"
#define TG_TOP_AVR "lsl r15\n\tadc r26, r2\n\tmovw r30, r6\n\tst Z+, r26\n\tmovw r6, r30\n\t"
/* Nine words, 15 cycles. */
#define TG_PRODUCT_AVR \
    ".macro tg_product base\n\t" \
    "lpm r26, Z+\n\tadd r26, \\base\n\tld r16, X\n\tlpm r17, Z+\n\tmuls r16, r17\n\t" \
    "sbc r20, r2\n\tadd r18, r0\n\tadc r19, r1\n\tadc r20, r2\n\t" \
    ".endm\n\t"
#define TG_FORGET_PRODUCT_AVR ".purgem tg_product\n\t"
#else
/* Products by adding and shifting, eight steps: r1:r0 = r0 * r3, 43 cycles. */
#define TG_MULTIPLIER_AVR \
    "rjmp 78f\n" \
    "77:\n\tclr r1\n\tlsr r0\n\t.rept 8\n\tbrcc .+2\n\tadd r1, r3\n\tror r1\n\tror r0\n\t.endr\n\tret\n" \
    "78:\n\t"
#define TG_RUN_AVR(RUN) "0"
#define TG_MUL_AVR(a, b) "mov r3, " a "\n\tmov r0, " b "\n\trcall 77b\n\t"
#define TG_MULSU_AVR(a, b) TG_MUL_AVR(a, b) "sbrc " a ", 7\n\tsub r1, " b "\n\tmov r3, r1\n\tlsl r3\n\t"
#define TG_MULS_AVR(a, b) \
    TG_MUL_AVR(a, b) "sbrc " a ", 7\n\tsub r1, " b "\n\tsbrc " b ", 7\n\tsub r1, " a "\n\tmov r3, r1\n\tlsl r3\n\t"
#define TG_BIAS_AVR(factor, SHIFT) \
    "mov r0, r16\n\tclr r1\n\tsbrc r16, 7\n\tcom r1\n\t.rept " #SHIFT "\n\tlsl r0\n\trol r1\n\t.endr\n\t"
#define TG_IF_CARRY_CLEAR_AVR(label) "brcs .+2\n\trjmp " label "\n\t"
#define TG_IF_ZERO_AVR(label) "brne .+2\n\trjmp " label "\n\t"

/* Little RAM goes with no multiplier: the vectors stay where they are, r5:r4 and r7:r6; top is written at the end. */
#define TG_ENTER_AVR(FIRST, SECOND) \
    "push r16\n\tpush r17\n\t" \
    "clr r2\n\tmovw r4, r22\n\tmovw r6, r20\n\tmovw r28, r18\n\tmovw r30, r24\n\tmovw r8, r14\n\t"
#define TG_LEAVE_AVR(UNITS) \
    "pop r27\n\tpop r26\n\tsubi r28, lo8(2 * " #UNITS ")\n\tsbci r29, hi8(2 * " #UNITS ")\n" \
    "1:\n\tld r16, Y+\n\tld r17, Y+\n\tlsl r16\n\tadc r17, r2\n\tst X+, r17\n\tcpse r28, r10\n\trjmp 1b\n\t"
#define TG_PAGE_AVR
#define TG_FIRST_AVR "r4"
#define TG_SECOND_AVR "r6"
#define TG_TOP_AVR
#define TG_PRODUCT_AVR \
    TG_PRODUCT_ANYWHERE_AVR \
    ".macro tg_product base\n\ttg_product_anywhere \\base\n\t.endm\n\t"
#define TG_FORGET_PRODUCT_AVR ".purgem tg_product\n\t.purgem tg_product_anywhere\n\t"
#endif

/* r16 becomes the curve at a place: segment in the upper byte, its 256th below. */
#define TG_CURVE_AVR \
    ".macro tg_curve fraction, segment\n\t" \
    "movw r30, r8\n\tadd r30, \\segment\n\tlpm r16, Z+\n\tlpm r17, Z\n\t" \
    "sub r17, r16\n\t" TG_MUL_AVR("r17", "\\fraction") "lsl r0\n\tadc r16, r1\n\t" \
    ".endm\n\t"

/* r20:r19 becomes the sum r20:r19:r18 >> PRE, cut to -CLIP..CLIP; WIDE where that shift may leave more than 16 bits. */
#define TG_NARROW_AVR(PRE, CLIP, WIDE) \
    ".if " #PRE " >= 8\n\t" \
    ".rept " #PRE " - 8\n\tasr r20\n\tror r19\n\t.endr\n\t" \
    ".else\n\t" \
    ".rept " #PRE "\n\tasr r20\n\tror r19\n\tror r18\n\t.endr\n\t" \
    ".if " #WIDE "\n\t" \
    "mov r21, r19\n\tlsl r21\n\tsbc r21, r21\n\tcp r21, r20\n\tbreq 1f\n\t" \
    "ldi r18, 0xff\n\tldi r19, 0x7f\n\ttst r20\n\tbrpl 1f\n\tldi r18, 0\n\tldi r19, 0x80\n" \
    "1:\n\t" \
    ".endif\n\t" \
    "mov r20, r19\n\tmov r19, r18\n\t" \
    ".endif\n\t" \
    ".if " #CLIP "\n\t" \
    "mov r21, r20\n\tsubi r21, lo8(-(" #CLIP " / 256))\n\tcpi r21, 2 * (" #CLIP " / 256)\n\tbrcs 13f\n\t" \
    "ldi r21, hi8(" #CLIP ")\n\tcpi r19, lo8(" #CLIP ")\n\tcpc r20, r21\n\tbrge 12f\n\t" \
    "ldi r21, hi8(-" #CLIP ")\n\tcpi r19, lo8(-" #CLIP ")\n\tcpc r20, r21\n\tbrge 13f\n\t" \
    "ldi r19, lo8(-" #CLIP ")\n\tldi r20, hi8(-" #CLIP ")\n\trjmp 13f\n" \
    "12:\n\tldi r19, lo8(" #CLIP ")\n\tldi r20, hi8(" #CLIP ")\n" \
    "13:\n\t" \
    ".endif\n\t"

/* r17:r16:r15:r14 becomes r20:r19 times the multiplier r23:r22 (below 2^15), then r19:r18 that, rounded. */
#define TG_SCALE_AVR(POST) \
    TG_MUL_AVR("r19", "r22") "movw r14, r0\n\t" TG_MULS_AVR("r20", "r23") "movw r16, r0\n\t" \
    TG_MULSU_AVR("r20", "r22") "sbc r17, r2\n\tadd r15, r0\n\tadc r16, r1\n\tadc r17, r2\n\t" \
    TG_MUL_AVR("r19", "r23") "add r15, r0\n\tadc r16, r1\n\tadc r17, r2\n\t" \
    TG_ROUND_AVR(POST)

/* r19:r18 becomes r17:r16:r15:r14 / 2^POST, rounded half up. */
#define TG_ROUND_AVR(POST) \
    "ldi r18, 1 << ((" #POST " - 1) % 8)\n\t" \
    ".if (" #POST " - 1) / 8 == 0\n\tadd r14, r18\n\tadc r15, r2\n\tadc r16, r2\n\tadc r17, r2\n\t.endif\n\t" \
    ".if (" #POST " - 1) / 8 == 1\n\tadd r15, r18\n\tadc r16, r2\n\tadc r17, r2\n\t.endif\n\t" \
    ".if (" #POST " - 1) / 8 == 2\n\tadd r16, r18\n\tadc r17, r2\n\t.endif\n\t" \
    ".if (" #POST " - 1) / 8 == 3\n\tadd r17, r18\n\t.endif\n\t" \
    ".if " #POST " < 5\n\t" \
    ".rept " #POST "\n\tasr r16\n\tror r15\n\tror r14\n\t.endr\n\tmovw r18, r14\n\t" \
    ".elseif " #POST " < 8\n\t" \
    ".rept 8 - " #POST "\n\tlsl r14\n\trol r15\n\trol r16\n\t.endr\n\tmov r18, r15\n\tmov r19, r16\n\t" \
    ".elseif " #POST " < 13\n\t" \
    ".rept " #POST " - 8\n\tasr r17\n\tror r16\n\tror r15\n\t.endr\n\tmov r18, r15\n\tmov r19, r16\n\t" \
    ".elseif " #POST " < 16\n\t" \
    ".rept 16 - " #POST "\n\tlsl r15\n\trol r16\n\trol r17\n\t.endr\n\tmovw r18, r16\n\t" \
    ".elseif " #POST " < 24\n\t" \
    ".rept " #POST " - 16\n\tasr r17\n\tror r16\n\t.endr\n\tmovw r18, r16\n\t" \
    ".else\n\t" \
    ".rept " #POST " - 24\n\tasr r17\n\t.endr\n\tmov r18, r17\n\tlsl r17\n\tsbc r19, r19\n\t" \
    ".endif\n\t"
#endif
#endif /* TG_UNITS_AVR_C */
