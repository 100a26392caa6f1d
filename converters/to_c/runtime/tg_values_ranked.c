#ifndef TG_VALUES_RANKED_C
#define TG_VALUES_RANKED_C
#include "tg_huffman.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values by their rank in a codebook of -127..127, in the Huffman code without raw bits. */
typedef struct {
    tg_huffman ranks;
    const int8_t *codebook;
} tg_values_ranked;

static inline void tg_values_ranked_init(tg_values_ranked *values, const uint8_t *stream, const int8_t *codebook)
{
    tg_huffman_init(&values->ranks, stream);
    values->codebook = codebook;
}

TG_PIECE int16_t tg_times_ranked(tg_values_ranked *values, int8_t x)
{
    const int8_t *entry = values->codebook + tg_huffman_next(&values->ranks);
    return (int16_t)(TG_READ_I8(entry) * x);
}
#endif /* TG_VALUES_RANKED_C */
