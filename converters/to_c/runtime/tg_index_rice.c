#ifndef TG_INDEX_RICE_C
#define TG_INDEX_RICE_C
#include "tg_piece.c"
#include "tg_platform.h"
#include "tg_rice.c"

/* Columns by gaps in the Rice code; the last gap runs to the end of the matrix. */
typedef struct {
    tg_rice gaps;
    uint16_t next; /* column of the next survivor, counted from the start of this row or of the next */
} tg_index_rice;

static inline void tg_index_rice_init(tg_index_rice *index, const uint8_t *stream)
{
    tg_rice_init(&index->gaps, stream);
    index->next = tg_rice_next(&index->gaps);
}

TG_PIECE void tg_row_rice(tg_index_rice *index)
{
    (void)index;
}

TG_PIECE int tg_column_rice(tg_index_rice *index, uint16_t columns, uint16_t *column)
{
    *column = index->next;
    if (index->next >= columns) {
        index->next = (uint16_t)(index->next - columns);
        return 0;
    }
    index->next = (uint16_t)(index->next + 1u + tg_rice_next(&index->gaps));
    return 1;
}
#endif /* TG_INDEX_RICE_C */
