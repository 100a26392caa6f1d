#ifndef TG_ROWS_CSR8_C
#define TG_ROWS_CSR8_C
#include "tg_platform.h"

/* Rows of a matrix stored as a count byte and that many column bytes a row, and the int8 values. */
typedef struct {
    const uint8_t *index;
    const int8_t *values;
} tg_rows_csr8;

static inline void tg_rows_csr8_init(tg_rows_csr8 *rows, const uint8_t *index, const int8_t *values)
{
    rows->index = index;
    rows->values = values;
}

#if defined(__AVR__) && defined(__AVR_HAVE_MUL__) && TG_PROFILE == TG_FASTEST
/* Fetch one x into a register: Z walks the index, X is x plus the column; within a page of 256 its upper byte stays. */
#define TG_FETCH_NEAR(into) \
    "lpm r26, Z+\n\t" \
    "add r26, %A[x]\n\t" \
    "ld %[" into "], X\n\t"
#define TG_FETCH_FAR(into) \
    "lpm r26, Z+\n\t" \
    "mov r27, %B[x]\n\t" \
    "add r26, %A[x]\n\t" \
    "adc r27, %[zero]\n\t" \
    "ld %[" into "], X\n\t"
/* Add one product to 24 bits: muls leaves its sign in the carry. */
#define TG_ACCUMULATE(from) \
    "lpm %[w], Z+\n\t" \
    "muls %[w], %[" from "]\n\t" \
    "sbc %C[sum], %[zero]\n\t" \
    "add %A[sum], r0\n\t" \
    "adc %B[sum], r1\n\t" \
    "adc %C[sum], %[zero]\n\t"
#define TG_TO_VALUES "movw %[index], r30\n\tmovw r30, %[values]\n\t"
#define TG_TO_INDEX "movw %[values], r30\n\tmovw r30, %[index]\n\t"
#define TG_ROW(FETCH) \
    __asm__ volatile("mov r27, %B[x]\n\t" \
                     "lpm %[n], Z+\n\t" \
                     "subi %[n], 4\n\t" \
                     "brcs 2f\n" \
                     "1:\n\t" FETCH("t0") FETCH("t1") FETCH("t2") FETCH("t3") TG_TO_VALUES \
                     TG_ACCUMULATE("t0") TG_ACCUMULATE("t1") TG_ACCUMULATE("t2") TG_ACCUMULATE("t3") TG_TO_INDEX \
                     "subi %[n], 4\n\t" \
                     "brcc 1b\n" \
                     "2:\n\t" \
                     "subi %[n], -4\n\t" \
                     "breq 4f\n" \
                     "3:\n\t" FETCH("t0") TG_TO_VALUES TG_ACCUMULATE("t0") TG_TO_INDEX \
                     "dec %[n]\n\t" \
                     "brne 3b\n" \
                     "4:\n\t" \
                     "clr r1\n\t" \
                     : "+z"(index), [values] "+r"(values), [sum] "+r"(sum), [n] "=&d"(n), [w] "=&a"(w), \
                       [t0] "=&a"(t0), [t1] "=&a"(t1), [t2] "=&a"(t2), [t3] "=&a"(t3), [index] "=&r"(saved) \
                     : [x] "r"(x), [zero] "r"((uint8_t)0) \
                     : "r0", "r26", "r27", "memory")

/* Return the product of the next row with x[columns], x -127..127: 16 cycles a survivor in fours.
 *
 * 24 bits hold any row: 255 * 127 * 127 < 2^23.
 */
static TG_NOINLINE int32_t tg_dot_csr8_int8(tg_rows_csr8 *rows, const int8_t *x, uint16_t columns)
{
    const uint8_t *index = rows->index;
    const int8_t *values = rows->values;
    const uint8_t *saved;
    int32_t sum = 0;
    uint8_t n, w, t0, t1, t2, t3;
    if ((uint16_t)(uint8_t)(uintptr_t)x + columns <= 256u) {
        TG_ROW(TG_FETCH_NEAR);
    } else {
        TG_ROW(TG_FETCH_FAR);
    }
    rows->index = index;
    rows->values = values;
    return ((int32_t)((uint32_t)sum << 8)) >> 8;
}

#else
/* Return the product of the next row with x, x -127..127; longest is not needed. */
TG_SHARED int32_t tg_dot_csr8_int8(tg_rows_csr8 *rows, const int8_t *x, uint16_t longest)
{
    const int8_t *values = rows->values;
    const uint8_t *index = rows->index + 1;
    const uint8_t *end = index + TG_READ_U8(rows->index);
    int32_t sum = 0;
    (void)longest;
    while (index != end) {
        sum += (int16_t)TG_READ_I8(values) * (int16_t)x[TG_READ_U8(index)];
        values++;
        index++;
    }
    rows->index = index;
    rows->values = values;
    return sum;
}
#endif
#endif /* TG_ROWS_CSR8_C */
