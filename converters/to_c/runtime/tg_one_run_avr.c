#ifndef TG_ONE_RUN_AVR_C
#define TG_ONE_RUN_AVR_C
#include "tg_platform.h"

#if defined(__AVR_HAVE_MUL__) && defined(__AVR_HAVE_LPMX__) && !defined(__clang__)
#define TG_ONE_RUN 1
#else
#define TG_ONE_RUN 0
#endif

#if TG_ONE_RUN
/* A whole FastGRNN classifier in little assembler that reads everything once, in one run of bytes. The smallest build calls
 * and loops; the others take eight columns at once and the cell in line, for some 260 bytes.
 *
 * run and classes, in flash, hold the bytes of the bitmask streams in the order of use: a byte of bits stands where the first
 * of them is needed, a value where its bit is 1. run: of each channel offset and multiplier; the rows of the low-rank maps'
 * first factors; of each unit its row of both outer factors and its two biases. classes: of each class its row and its bias.
 * In all but the smallest build every eight columns of a row have a byte of bits to themselves, and only the rest share.
 *
 * r2 zero, r10 what remains to do, r11 the bits not used yet below a 1 that ends them, r25:r24 the state, X the vector, Y
 * what is written, Z the run. A number of 24 bits is r20:r19:r18.
 */
/* One section, so that a short call reaches. */
#define TG_ONE_RUN_FUNCTION(name) __attribute__((naked, noinline, section(".text." #name)))

/* r20:r19:r18 becomes (TG_ROW_AVR) or grows by (TG_ROW_ADD_AVR) the next row times X[r21]. X and Z move on. */
#define TG_ROW_AVR "rcall %x[row]\n\t"
#define TG_ROW_ADD_AVR "rcall %x[row] + 6\n\t"
#if TG_PROFILE == TG_SMALLEST
#define TG_OF_ROW_AVR
#define TG_OF_ROW_BACK_AVR
#define TG_BITMASK_ROW_AVR \
    "clr r18\n\tclr r19\n\tclr r20\n" \
    "1:\n\t" TG_NEXT_BIT_AVR("X") "dec r21\n\tbrne 1b\n\tret\n" TG_EIGHT_BITS_AVR
#else
#define TG_OF_ROW_AVR ",16,17" /* used by a row besides */
#define TG_OF_ROW_BACK_AVR "17,16,"
/* Eight columns at once: 3 cycles a zero, 13 a survivor, where one by one it is 9 and 17. */
#define TG_BITMASK_ROW_AVR \
    "clr r18\n\tclr r19\n\tclr r20\n\t" \
    "movw r16, r28\n\tmovw r28, r26\n\tsubi r21, 8\n\tbrcc 5f\n\trjmp 6f\n" \
    "5:\n\tlpm r26, Z+\n\t" \
    ".irp bit, 0,1,2,3,4,5,6,7\n\t" \
    "sbrs r26, \\bit\n\trjmp 9f\n\tldd r22, Y + \\bit\n\t" TG_ADD_PRODUCT_AVR "9:\n\t" \
    ".endr\n\t" \
    "adiw r28, 8\n\tsubi r21, 8\n\tbrcs 6f\n\trjmp 5b\n" \
    "6:\n\tsubi r21, -8\n\tbreq 7f\n" \
    "1:\n\t" TG_NEXT_BIT_AVR("Y") "dec r21\n\tbrne 1b\n" \
    "7:\n\tmovw r26, r28\n\tmovw r28, r16\n\tret\n" TG_EIGHT_BITS_AVR
#endif
#define TG_NEXT_BIT_AVR(vector) "lsr r11\n\tbreq 4f\n2:\n\tld r22, " vector "+\n\tbrcc 3f\n\t" TG_ADD_PRODUCT_AVR "3:\n\t"
#define TG_EIGHT_BITS_AVR "4:\n\tlpm r11, Z+\n\tsec\n\tror r11\n\trjmp 2b"
#define TG_ADD_PRODUCT_AVR \
    "lpm r23, Z+\n\tmuls r22, r23\n\tsbc r20, r2\n\tadd r18, r0\n\tadc r19, r1\n\tadc r20, r2\n"

#define TG_VECTOR_AVR(offset) "movw r26, r24\n\tsubi r26, lo8(-(" offset "))\n\tsbci r27, hi8(-(" offset "))\n\t"
#define TG_PUSH_AVR(registers) ".irp number, " registers "\n\tpush r\\number\n\t.endr\n\t"
#define TG_POP_AVR(registers) ".irp number, " registers "\n\tpop r\\number\n\t.endr\n\tclr r1\n\tret\n\t"

/* 21: r27:r26:r18 becomes r20:r19 * r23:r22 / 2^8, the multiplier below 2^16. */
#define TG_ONE_RUN_MULTIPLY_AVR \
    "mul r19, r22\n\tmov r18, r1\n\tmulsu r20, r23\n\tmovw r26, r0\n\t" \
    "mulsu r20, r22\n\tsbc r27, r2\n\tadd r18, r0\n\tadc r26, r1\n\tadc r27, r2\n\t" \
    "mul r19, r23\n\tadd r18, r0\n\tadc r26, r1\n\tadc r27, r2\n\t"
/* 22: r27:r26, cut to -127..127, goes to Y. */
#define TG_ONE_RUN_STORE_AVR \
    "ldi r20, 127\n\tcp r26, r20\n\tcpc r27, r2\n\tbrge 1f\n\t" \
    "ldi r20, -127\n\tldi r21, 255\n\tcp r26, r20\n\tcpc r27, r21\n\tbrlt 1f\n\tmov r20, r26\n" \
    "1:\n\tst Y+, r20\n\t"
/* 23: r19 becomes the curve of the magnitude of r19:r18, halved where T is set. */
#define TG_ONE_RUN_CURVE_AVR \
    "sbrs r19, 7\n\trjmp 1f\n\tcom r19\n\tneg r18\n\tsbci r19, 255\n" \
    "1:\n\tbrtc 1f\n\tlsr r19\n\tror r18\n" \
    "1:\n\tmov r30, r19\n\tldi r19, 255\n\tcpi r30, 32\n\tbrcc 1f\n\t" \
    "ldi r31, 0\n\tsubi r30, lo8(-(%[table]))\n\tsbci r31, hi8(-(%[table]))\n\tlpm r19, Z+\n\tlpm r0, Z\n\t" \
    "sub r0, r19\n\tmul r0, r18\n\tlsl r0\n\tadc r19, r1\n" \
    "1:\n\t"
/* 24: r27:r26:r15:r14 grows by r17:r16 * r19, by its negative where T is set. */
#define TG_ONE_RUN_GROW_AVR \
    "brtc 1f\n\tcom r17\n\tneg r16\n\tsbci r17, 255\n" \
    "1:\n\tmul r16, r19\n\tadd r14, r0\n\tadc r15, r1\n\tadc r26, r2\n\tadc r27, r2\n\t" \
    "mulsu r17, r19\n\tsbc r27, r2\n\tadd r15, r0\n\tadc r26, r1\n\tadc r27, r2\n\t"
#if TG_PROFILE == TG_SMALLEST
#define TG_OFTEN_AVR(routine, body) "rcall " #routine "f\n\t"
#define TG_ONE_RUN_ROUTINES_AVR \
    "21:\n\t" TG_ONE_RUN_MULTIPLY_AVR "ret\n" \
    "22:\n\t" TG_ONE_RUN_STORE_AVR "ret\n" \
    "23:\n\t" TG_ONE_RUN_CURVE_AVR "ret\n" \
    "24:\n\t" TG_ONE_RUN_GROW_AVR "ret\n"
#else
#define TG_OFTEN_AVR(routine, body) body
#define TG_ONE_RUN_ROUTINES_AVR \
    "21:\n\t" TG_ONE_RUN_MULTIPLY_AVR "ret\n" \
    "22:\n\t" TG_ONE_RUN_STORE_AVR "ret\n"
#endif

/* r20:r19 becomes r20:r19:r18 / 2^pre, cut to -clip..clip; where clip is 0 that needs no cut. */
#define TG_ONE_RUN_NARROW_AVR(PRE, CLIP, WIDE) \
    ".if " #PRE " >= 8\n\t" \
    ".rept " #PRE " - 8\n\tasr r20\n\tror r19\n\t.endr\n\t" \
    ".elseif " #PRE " > 3 && " #WIDE " == 0\n\t" \
    ".rept 8 - " #PRE "\n\tlsl r18\n\trol r19\n\trol r20\n\t.endr\n\t" \
    ".else\n\t" \
    ".rept " #PRE "\n\tasr r20\n\tror r19\n\tror r18\n\t.endr\n\t" \
    ".if " #WIDE "\n\t" \
    "mov r21, r19\n\tlsl r21\n\tsbc r21, r21\n\tcp r21, r20\n\tbreq 8f\n\t" \
    "ldi r18, 0xff\n\tldi r19, 0x7f\n\ttst r20\n\tbrpl 8f\n\tldi r18, 0\n\tldi r19, 0x80\n" \
    "8:\n\t" \
    ".endif\n\t" \
    "mov r20, r19\n\tmov r19, r18\n\t" \
    ".endif\n\t" \
    ".if " #CLIP "\n\t" \
    "ldi r18, lo8(" #CLIP ")\n\tldi r21, hi8(" #CLIP ")\n\tcp r19, r18\n\tcpc r20, r21\n\tbrge 8f\n\t" \
    "ldi r18, lo8(-" #CLIP ")\n\tldi r21, hi8(-" #CLIP ")\n\tcp r19, r18\n\tcpc r20, r21\n\tbrge 9f\n" \
    "8:\n\tmov r19, r18\n\tmov r20, r21\n" \
    "9:\n\t" \
    ".endif\n\t"

/* r27:r26 becomes r20:r19 * MULTIPLIER / 2^POST, rounded half up; POST 9..30. */
#define TG_ONE_RUN_SCALE_AVR(MULTIPLY, MULTIPLIER, POST) \
    "ldi r22, lo8(" #MULTIPLIER ")\n\tldi r23, hi8(" #MULTIPLIER ")\n\t" MULTIPLY TG_ONE_RUN_ROUND_AVR(POST)
#define TG_ONE_RUN_ROUND_AVR(POST) \
    ".if " #POST " < 13\n\t" \
    ".rept " #POST " - 8\n\tasr r27\n\tror r26\n\tror r18\n\t.endr\n\t" \
    "adc r18, r2\n\tadc r26, r2\n\tmov r27, r26\n\tmov r26, r18\n\t" \
    ".elseif " #POST " < 17\n\t" \
    ".rept 16 - " #POST "\n\tlsl r18\n\trol r26\n\trol r27\n\t.endr\n\t" \
    "lsl r18\n\tadc r26, r2\n\tadc r27, r2\n\t" \
    ".else\n\t" \
    ".rept " #POST " - 16\n\tasr r27\n\tror r26\n\t.endr\n\t" \
    "adc r26, r2\n\tadc r27, r2\n\t" \
    ".endif\n\t"

/* One sample at X becomes -127..127 at Y. */
#define TG_ONE_RUN_SENSOR_AVR(CHANNELS, SHIFT) \
    "ldi r16, " #CHANNELS "\n\tmov r10, r16\n" \
    "1:\n\tld r19, X+\n\tld r20, X+\n\tlpm r22, Z+\n\tlpm r23, Z+\n\tsub r19, r22\n\tsbc r20, r23\n\tbrvc 2f\n\t" \
    "lsl r20\n\tsbc r19, r19\n\tldi r20, 0x80\n\teor r20, r19\n" /* too far up looks negative */ \
    "2:\n\tlpm r22, Z+\n\tlpm r23, Z+\n\tmovw r14, r26\n\trcall 21f\n\t" TG_ONE_RUN_ROUND_AVR(SHIFT) \
    "rcall 22f\n\tmovw r26, r14\n\tdec r10\n\tbrne 1b\n\t"

/* All rows of a low-rank map's first factor, of the vector at state + AT, to Y; nothing where there are none. */
#define TG_ONE_RUN_INNER_AVR(ROWS, AT, COLUMNS, PRE, MULTIPLIER, POST, CLIP, WIDE) \
    ".if " #ROWS "\n\t" \
    "ldi r16, " #ROWS "\n\tmov r10, r16\n" \
    "1:\n\t" TG_VECTOR_AVR(#AT) "ldi r21, " #COLUMNS "\n\t" TG_ROW_AVR \
    TG_ONE_RUN_NARROW_AVR(PRE, CLIP, WIDE) TG_ONE_RUN_SCALE_AVR("rcall 21f\n\t", MULTIPLIER, POST) \
    "rcall 22f\n\tdec r10\n\tbreq 2f\n\trjmp 1b\n" \
    "2:\n\t" \
    ".endif\n\t"

/* r27:r26 becomes the next unit's pre-activation: columns, places of the vectors in the state, left shifts of the sum after
 * the first map and after both, and its scaling. SECOND is 0 where both rows make one.
 */
#define TG_ONE_RUN_PRE_AVR(FIRST, FIRST_AT, SECOND, SECOND_AT, BETWEEN, LATE, PRE, MULTIPLIER, POST, CLIP, WIDE) \
    TG_VECTOR_AVR(#FIRST_AT) \
    "ldi r21, " #FIRST "\n\t" TG_ROW_AVR \
    ".if " #SECOND "\n\t" \
    ".rept " #BETWEEN "\n\tlsl r18\n\trol r19\n\trol r20\n\t.endr\n\t" \
    ".if " #FIRST_AT " + " #FIRST " != " #SECOND_AT "\n\t" TG_VECTOR_AVR(#SECOND_AT) ".endif\n\t" \
    "ldi r21, " #SECOND "\n\t" TG_ROW_ADD_AVR \
    ".endif\n\t" \
    ".rept " #LATE "\n\tlsl r18\n\trol r19\n\trol r20\n\t.endr\n\t" \
    TG_ONE_RUN_NARROW_AVR(PRE, CLIP, WIDE) TG_ONE_RUN_SCALE_AVR(TG_OFTEN_AVR(21, TG_ONE_RUN_MULTIPLY_AVR), MULTIPLIER, POST)

/* Y becomes the unit's next state from r27:r26; docs/arithmetic.md has the equations. ZETA_SHIFT 2..8. */
#define TG_ONE_RUN_UPDATE_AVR(GATE, UPDATE, ZETA, ZETA_SHIFT, NU) \
    "ldi r22, 1 << " #GATE "\n\tlpm r20, Z+\n\tmuls r20, r22\n\tmovw r20, r26\n\tadd r20, r0\n\tadc r21, r1\n\t" \
    "ldi r22, 1 << " #UPDATE "\n\tlpm r18, Z+\n\tmuls r18, r22\n\tadd r26, r0\n\tadc r27, r1\n\tmovw r22, r30\n\t" \
    "set\n\tmovw r18, r20\n\t" TG_OFTEN_AVR(23, TG_ONE_RUN_CURVE_AVR) \
    "mov r20, r19\n\tclt\n\tmovw r18, r26\n\t" TG_OFTEN_AVR(23, TG_ONE_RUN_CURVE_AVR) \
    /* r17:r16 is 2 * a: of a negative gate the sum may have 17 bits. */ \
    "ldi r18, " #ZETA "\n\tmul r18, r20\n\tmovw r16, r0\n\tsbrs r21, 7\n\trjmp 2f\n\tadd r17, r18\n\trjmp 3f\n" \
    "2:\n\tclr r16\n\tmov r17, r18\n\tsub r16, r0\n\tsbc r17, r1\n" \
    "3:\n\tror r17\n\tror r16\n\t.rept " #ZETA_SHIFT " - 2\n\tlsr r17\n\tror r16\n\t.endr\n\t" \
    "andi r16, 0xfe\n\tsubi r16, lo8(-2 * " #NU ")\n\tsbci r17, hi8(-2 * " #NU ")\n\t" \
    /* r27:r26:r15:r14 is (256 + z) * state + 4 * a * c + 256, half of what is here doubled. */ \
    "bst r27, 7\n\tldi r18, 128\n\tmov r14, r18\n\tclr r15\n\tclr r26\n\tclr r27\n\t" TG_OFTEN_AVR(24, TG_ONE_RUN_GROW_AVR) \
    "lsl r14\n\trol r15\n\trol r26\n\trol r27\n\t" \
    "ld r16, Y\n\tldd r17, Y+1\n\tadd r15, r16\n\tadc r26, r17\n\tadc r27, r2\n\tsbrc r17, 7\n\tdec r27\n\t" \
    "mov r19, r20\n\tbst r21, 7\n\t" TG_OFTEN_AVR(24, TG_ONE_RUN_GROW_AVR) "asr r27\n\tror r26\n\tror r15\n\t" \
    /* From 32512 up, or below -32512: out of what an upper byte of -127..126 leaves. */ \
    "ldi r17, 127\n\tadd r17, r26\n\tadc r27, r2\n\tbrne 2f\n\tcpi r17, 254\n\tbrcs 3f\n" \
    "2:\n\tldi r26, 0x7f\n\tsbrc r27, 7\n\tldi r26, 0x81\n\tclr r15\n" \
    "3:\n\tst Y+, r15\n\tst Y+, r26\n\tmovw r30, r22\n\t"

/* Defines <name>_step. HIDDEN 1..255; SENSOR, W, U, PRE_ACTIVATION and UPDATE are the arguments, in brackets, of the pieces
 * above; one_run.py has them.
 */
#define TG_ONE_RUN_AVR(name, HIDDEN, SENSOR, W, U, PRE_ACTIVATION, UPDATE) \
    TG_ONE_RUN_FUNCTION(name) static void name##_row(void) { __asm__ volatile(TG_BITMASK_ROW_AVR); } \
    TG_ONE_RUN_FUNCTION(name) void name##_step(name##_state *state, const int16_t *counts) \
    { \
        (void)state, (void)counts; \
        __asm__ volatile( \
        TG_PUSH_AVR("2,10,11,14,15,16,17,28,29") \
        "clr r2\n\tclr r11\n\tinc r11\n\tldi r30, lo8(%[run])\n\tldi r31, hi8(%[run])\n\t" \
        "movw r26, r22\n\tmovw r28, r24\n\tsubi r28, lo8(-3 * " #HIDDEN ")\n\tsbci r29, hi8(-3 * " #HIDDEN ")\n\t" \
        TG_ONE_RUN_SENSOR_AVR SENSOR TG_ONE_RUN_INNER_AVR W TG_ONE_RUN_INNER_AVR U \
        "movw r28, r24\n\tldi r16, " #HIDDEN "\n\tmov r10, r16\n" \
        "10:\n\t" TG_ONE_RUN_PRE_AVR PRE_ACTIVATION TG_ONE_RUN_UPDATE_AVR UPDATE \
        "dec r10\n\tbreq 1f\n\trjmp 10b\n" \
        /* Only now, since rows read them: the rounded upper bytes. */ \
        "1:\n\tmovw r26, r28\n\tmovw r28, r24\n\tldi r18, " #HIDDEN "\n" \
        "1:\n\tld r20, Y+\n\tld r21, Y+\n\tlsl r20\n\tadc r21, r2\n\tst X+, r21\n\tdec r18\n\tbrne 1b\n\t" \
        TG_POP_AVR("29,28,17,16,15,14,11,10,2") \
        TG_ONE_RUN_ROUTINES_AVR \
        : : [run] "i"(name##_run), [table] "i"(name##_gate_table), [row] "i"(name##_row)); \
    }

/* Defines <name>_predict; BIAS_BYTES 2 or 4. */
#define TG_ONE_RUN_PREDICT_AVR(name, HIDDEN, CLASSES, BIAS_BYTES) \
    TG_ONE_RUN_FUNCTION(name) uint8_t name##_predict(name##_state *state, int32_t *logits) \
    { \
        (void)state, (void)logits; \
        __asm__ volatile( \
        TG_PUSH_AVR("2,10,11,12,13,14,15,28,29" TG_OF_ROW_AVR) \
        "clr r2\n\tclr r10\n\tclr r11\n\tinc r11\n\tldi r30, lo8(%[classes])\n\tldi r31, hi8(%[classes])\n\t" \
        "movw r28, r22\n" TG_VECTOR_AVR("2 * " #HIDDEN) \
        "1:\n\tldi r21, " #HIDDEN "\n\t" TG_ROW_AVR "subi r26, lo8(" #HIDDEN ")\n\tsbci r27, hi8(" #HIDDEN ")\n\t" \
        "mov r21, r20\n\tlsl r21\n\tsbc r21, r21\n\tlpm r22, Z+\n\tlpm r23, Z+\n\t" \
        ".if " #BIAS_BYTES " == 4\n\tlpm r0, Z+\n\tlpm r1, Z+\n\t" \
        ".else\n\tmov r0, r23\n\tlsl r0\n\tsbc r0, r0\n\tmov r1, r0\n\t.endif\n\t" \
        "add r18, r22\n\tadc r19, r23\n\tadc r20, r0\n\tadc r21, r1\n\t" \
        "sbiw r28, 0\n\tbreq 2f\n\tst Y+, r18\n\tst Y+, r19\n\tst Y+, r20\n\tst Y+, r21\n" \
        "2:\n\ttst r10\n\tbreq 3f\n\tcp r12, r18\n\tcpc r13, r19\n\tcpc r14, r20\n\tcpc r15, r21\n\tbrge 4f\n" \
        "3:\n\tmovw r12, r18\n\tmovw r14, r20\n\tmov r24, r10\n" \
        "4:\n\tinc r10\n\tldi r22, " #CLASSES "\n\tcpse r10, r22\n\trjmp 1b\n\t" \
        TG_POP_AVR(TG_OF_ROW_BACK_AVR "29,28,15,14,13,12,11,10,2") \
        : : [classes] "i"(name##_classes), [row] "i"(name##_row)); \
    }
#endif
#endif /* TG_ONE_RUN_AVR_C */
