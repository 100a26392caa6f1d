#ifndef TG_INDEX_BITMASK_C
#define TG_INDEX_BITMASK_C
#include "tg_piece.c"
#include "tg_platform.h"

/* Columns whose bit is 1, least significant bit first, rows not padded. */
typedef struct {
    const uint8_t *stream;
    uint16_t next; /* column of the next bit */
    uint8_t bits;  /* what remains of the current byte, next bit lowest */
    uint8_t left;  /* number of bits that remain, 0..7 */
} tg_index_bitmask;

static inline void tg_index_bitmask_init(tg_index_bitmask *index, const uint8_t *stream)
{
    index->stream = stream;
    index->next = 0;
    index->bits = 0;
    index->left = 0;
}

TG_PIECE void tg_row_bitmask(tg_index_bitmask *index)
{
    index->next = 0;
}

TG_PIECE int tg_column_bitmask(tg_index_bitmask *index, uint16_t columns, uint16_t *column)
{
    while (index->next != columns) {
        uint8_t bit;
        if (index->left == 0) {
            index->bits = TG_READ_U8(index->stream);
            index->stream++;
            index->left = 8;
        }
        bit = (uint8_t)(index->bits & 1u);
        index->bits = (uint8_t)(index->bits >> 1);
        index->left--;
        *column = index->next;
        index->next++;
        if (bit) {
            return 1;
        }
    }
    return 0;
}
#endif /* TG_INDEX_BITMASK_C */
