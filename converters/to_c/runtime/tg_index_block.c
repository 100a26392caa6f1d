#ifndef TG_INDEX_BLOCK_C
#define TG_INDEX_BLOCK_C
#include "tg_piece.c"
#include "tg_platform.h"
#include "tg_rice.c"

/* Columns of whole blocks of 2^log_width, found by gaps between blocks in the Rice code. */
typedef struct {
    tg_rice gaps;
    uint16_t next; /* first column of the next block, counted from the start of this row or of the next */
    uint16_t place;
    uint8_t left; /* columns of this block that remain */
    uint8_t log_width;
} tg_index_block;

static inline void tg_index_block_init(tg_index_block *index, const uint8_t *stream, uint8_t log_width)
{
    tg_rice_init(&index->gaps, stream);
    index->log_width = log_width;
    index->left = 0;
    index->place = 0;
    index->next = (uint16_t)(tg_rice_next(&index->gaps) << log_width);
}

TG_PIECE void tg_row_block(tg_index_block *index)
{
    (void)index;
}

TG_PIECE int tg_column_block(tg_index_block *index, uint16_t columns, uint16_t *column)
{
    if (index->left == 0) {
        index->place = index->next;
        if (index->next >= columns) {
            index->next = (uint16_t)(index->next - columns);
            return 0;
        }
        index->left = (uint8_t)(1u << index->log_width);
        index->next = (uint16_t)(index->next + (uint16_t)((tg_rice_next(&index->gaps) + 1u) << index->log_width));
    }
    index->left--;
    *column = index->place;
    index->place++;
    return 1;
}
#endif /* TG_INDEX_BLOCK_C */
