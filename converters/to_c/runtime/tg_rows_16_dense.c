#ifndef TG_ROWS_16_DENSE_C
#define TG_ROWS_16_DENSE_C
#include "tg_mac_16.c"
#include "tg_platform.h"

/* Rows of a dense int8 matrix, row-major; values -127..127. */
typedef struct {
    const int8_t *values;
} tg_rows_16_dense;

static inline void tg_rows_16_dense_init(tg_rows_16_dense *rows, const int8_t *values)
{
    rows->values = values;
}

/* The assembler of AVR wants the registers of a function of its own. */
#if defined(__AVR__)
#define TG_DOT_16 static TG_NOINLINE
#else
#define TG_DOT_16 TG_SHARED
#endif

/* Return the product of the next row with x[columns], x -32767..32767, at least one column. */
TG_DOT_16 int32_t tg_dot_16_dense_int8(tg_rows_16_dense *rows, const int16_t *x, uint16_t columns)
{
    const int8_t *values = rows->values;
    const int16_t *end = x + columns;
    int32_t sum = 0;
#if defined(__AVR_HAVE_MUL__) && defined(__AVR_HAVE_LPMX__)
    int8_t value;
    int16_t entry;
    uint8_t sign;
    __asm__ volatile("1:\n\t"
                     "lpm %3, Z+\n\t"
                     "ld %A4, X+\n\t"
                     "ld %B4, X+\n\t"
                     "mulsu %3, %A4\n\t"
                     "sbc %5, %5\n\t"
                     "add %A0, r0\n\t"
                     "adc %B0, r1\n\t"
                     "adc %C0, %5\n\t"
                     "adc %D0, %5\n\t"
                     "muls %3, %B4\n\t"
                     "sbc %5, %5\n\t"
                     "add %B0, r0\n\t"
                     "adc %C0, r1\n\t"
                     "adc %D0, %5\n\t"
                     "cp r26, %A6\n\t"
                     "cpc r27, %B6\n\t"
                     "brne 1b\n\t"
                     "clr r1"
                     : "+r"(sum), "+z"(values), "+x"(x), "=&a"(value), "=&a"(entry), "=&r"(sign)
                     : "r"(end)
                     : "r0", "memory");
#else
    while (x != end) {
        sum = tg_mac_16(sum, TG_READ_I8(values), *x);
        values++;
        x++;
    }
#endif
    rows->values = values;
    return sum;
}
#endif /* TG_ROWS_16_DENSE_C */
