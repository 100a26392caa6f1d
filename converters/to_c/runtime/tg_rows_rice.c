#ifndef TG_ROWS_RICE_C
#define TG_ROWS_RICE_C
#include "tg_platform.h"
#include "tg_bits.c"

/* Rows of a matrix stored as Rice-coded gaps and the int8 values of the survivors.
 *
 * The first byte of the stream is the parameter k (0..15). A gap is gap >> k ones, a zero, then its k low bits, least
 * significant first. next: column of the next survivor, counted from the start of the next row. A last gap runs to
 * the end of the matrix, so no row reads beyond the stream.
 */
typedef struct {
    tg_bits bits;
    const int8_t *values;
    uint16_t next;
    uint8_t k;
} tg_rows_rice;

static inline uint16_t tg_rice_gap(tg_bits *bits, uint8_t k)
{
    uint16_t gap = 0;
    while (tg_bits_take(bits, 1) != 0) {
        gap++;
    }
    if (k > 8) {
        gap = (uint16_t)(gap << k);
        gap = (uint16_t)(gap + tg_bits_take(bits, 8));
        return (uint16_t)(gap + (uint16_t)(tg_bits_take(bits, (uint8_t)(k - 8u)) << 8));
    }
    return (uint16_t)((uint16_t)(gap << k) + tg_bits_take(bits, k));
}

static inline void tg_rows_rice_init(tg_rows_rice *rows, const uint8_t *index, const int8_t *values)
{
    rows->k = TG_READ_U8(index);
    rows->bits.next = index + 1;
    rows->bits.window = 0;
    rows->bits.have = 0;
    rows->values = values;
    rows->next = tg_rice_gap(&rows->bits, rows->k);
}

/* Return the product of the next row with x[columns], x -127..127. */
TG_SHARED int32_t tg_dot_rice_int8(tg_rows_rice *rows, const int8_t *x, uint16_t columns)
{
    tg_bits bits = rows->bits;
    const int8_t *values = rows->values;
    const uint8_t k = rows->k;
    uint16_t next = rows->next;
    int32_t sum = 0;
    while (next < columns) {
        sum += (int16_t)TG_READ_I8(values) * (int16_t)x[next];
        values++;
        next = (uint16_t)(next + 1u + tg_rice_gap(&bits, k));
    }
    rows->bits = bits;
    rows->values = values;
    rows->next = (uint16_t)(next - columns);
    return sum;
}
#endif /* TG_ROWS_RICE_C */
