#ifndef TG_HUFFMAN_C
#define TG_HUFFMAN_C
#include "tg_bits.c"
#include "tg_platform.h"

/* Numbers 0..65535 in a canonical Huffman code, decoded from the code counts in the stream's header.
 *
 * header: byte 0 is shift (0..7) + 16 * longest, byte 1 the escaping rank, then how many codes have 1 .. longest bits.
 */
typedef struct {
    tg_bits bits;
    const uint8_t *counts; /* of codes of 1, 2 .. bits */
    uint8_t shift;
    uint8_t escape;
} tg_huffman;

static inline void tg_huffman_init(tg_huffman *numbers, const uint8_t *stream)
{
    const uint8_t first = TG_READ_U8(stream);
    numbers->shift = (uint8_t)(first & 15u);
    numbers->escape = TG_READ_U8(stream + 1);
    numbers->counts = stream + 2;
    numbers->bits.next = stream + 2 + (first >> 4);
    numbers->bits.window = 0;
    numbers->bits.have = 0;
}

/* Return the rank of the next code, 0..254. */
TG_SHARED uint8_t tg_huffman_rank(tg_huffman *numbers)
{
    const uint8_t *counts = numbers->counts;
    uint16_t beyond = 0; /* the code less the first one of its length, 0..32767 */
    uint8_t rank = 0;
    for (;;) {
        const uint8_t count = TG_READ_U8(counts);
        beyond = (uint16_t)(beyond + tg_bits_take(&numbers->bits, 1));
        if (beyond < count) {
            return (uint8_t)(rank + beyond);
        }
        rank = (uint8_t)(rank + count);
        beyond = (uint16_t)((uint16_t)(beyond - count) << 1);
        counts++;
    }
}

TG_SHARED uint16_t tg_huffman_next(tg_huffman *numbers)
{
    uint16_t number = 0;
    uint8_t rank;
    do {
        rank = tg_huffman_rank(numbers);
        number = (uint16_t)(number + (uint16_t)((uint16_t)rank << numbers->shift));
    } while (rank == numbers->escape);
    return (uint16_t)(number + tg_bits_take(&numbers->bits, numbers->shift));
}
#endif /* TG_HUFFMAN_C */
