#ifndef TG_INDEX_CSR8_C
#define TG_INDEX_CSR8_C
#include "tg_piece.c"
#include "tg_platform.h"

/* For each row a count byte, then that many column bytes. */
typedef struct {
    const uint8_t *stream;
    uint8_t left; /* columns of this row that remain */
} tg_index_csr8;

static inline void tg_index_csr8_init(tg_index_csr8 *index, const uint8_t *stream)
{
    index->stream = stream;
    index->left = 0;
}

TG_PIECE void tg_row_csr8(tg_index_csr8 *index)
{
    index->left = TG_READ_U8(index->stream);
    index->stream++;
}

TG_PIECE int tg_column_csr8(tg_index_csr8 *index, uint16_t columns, uint16_t *column)
{
    (void)columns;
    if (index->left == 0) {
        return 0;
    }
    index->left--;
    *column = TG_READ_U8(index->stream);
    index->stream++;
    return 1;
}
#endif /* TG_INDEX_CSR8_C */
