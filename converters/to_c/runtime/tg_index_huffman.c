#ifndef TG_INDEX_HUFFMAN_C
#define TG_INDEX_HUFFMAN_C
#include "tg_huffman.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Columns by gaps in the Huffman code; the last gap runs to the end of the matrix. */
typedef struct {
    tg_huffman gaps;
    uint16_t next; /* column of the next survivor, counted from the start of this row or of the next */
} tg_index_huffman;

static inline void tg_index_huffman_init(tg_index_huffman *index, const uint8_t *stream)
{
    tg_huffman_init(&index->gaps, stream);
    index->next = tg_huffman_next(&index->gaps);
}

TG_PIECE void tg_row_huffman(tg_index_huffman *index)
{
    (void)index;
}

TG_PIECE int tg_column_huffman(tg_index_huffman *index, uint16_t columns, uint16_t *column)
{
    *column = index->next;
    if (index->next >= columns) {
        index->next = (uint16_t)(index->next - columns);
        return 0;
    }
    index->next = (uint16_t)(index->next + 1u + tg_huffman_next(&index->gaps));
    return 1;
}
#endif /* TG_INDEX_HUFFMAN_C */
