#ifndef TG_VALUES_HUFFMAN_C
#define TG_VALUES_HUFFMAN_C
#include "tg_huffman.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values -127..127: the first byte is the smallest magnitude, then 2 * (magnitude - smallest) + sign follows for each
 * in the Huffman code.
 */
typedef struct {
    tg_huffman numbers;
    uint8_t smallest;
} tg_values_huffman;

static inline void tg_values_huffman_init(tg_values_huffman *values, const uint8_t *stream)
{
    values->smallest = TG_READ_U8(stream);
    tg_huffman_init(&values->numbers, stream + 1);
}

TG_PIECE int16_t tg_times_huffman(tg_values_huffman *values, int8_t x)
{
    const uint16_t number = tg_huffman_next(&values->numbers);
    const int16_t product = (int16_t)((int8_t)((uint8_t)(number >> 1) + values->smallest) * x);
    return (int16_t)((number & 1u) ? -product : product);
}
#endif /* TG_VALUES_HUFFMAN_C */
