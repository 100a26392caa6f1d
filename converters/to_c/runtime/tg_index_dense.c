#ifndef TG_INDEX_DENSE_C
#define TG_INDEX_DENSE_C
#include "tg_piece.c"
#include "tg_platform.h"

/* Every column of a row, 0..columns - 1. */
typedef struct {
    uint16_t next;
} tg_index_dense;

static inline void tg_index_dense_init(tg_index_dense *index)
{
    index->next = 0;
}

TG_PIECE void tg_row_dense(tg_index_dense *index)
{
    index->next = 0;
}

TG_PIECE int tg_column_dense(tg_index_dense *index, uint16_t columns, uint16_t *column)
{
    *column = index->next;
    index->next++;
    return *column != columns;
}
#endif /* TG_INDEX_DENSE_C */
