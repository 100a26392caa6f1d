#ifndef TG_VALUES_CODEBOOK_C
#define TG_VALUES_CODEBOOK_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values by their number in a codebook of -127..127, `width` bits each, 2..4. */
typedef struct {
    tg_bits bits;
    const int8_t *codebook;
    uint8_t width;
} tg_values_codebook;

static inline void tg_values_codebook_init(tg_values_codebook *values, const uint8_t *stream, const int8_t *codebook,
                                           uint8_t width)
{
    values->bits.next = stream;
    values->bits.window = 0;
    values->bits.have = 0;
    values->codebook = codebook;
    values->width = width;
}

TG_PIECE int16_t tg_times_codebook(tg_values_codebook *values, int8_t x)
{
    const int8_t *entry = values->codebook + tg_bits_take(&values->bits, values->width);
    return (int16_t)(TG_READ_I8(entry) * x);
}
#endif /* TG_VALUES_CODEBOOK_C */
