#ifndef TG_INDEX_CSR16_C
#define TG_INDEX_CSR16_C
#include "tg_piece.c"
#include "tg_platform.h"

/* For each row a count, then that many columns, each two bytes, the lower first. */
typedef struct {
    const uint8_t *stream;
    uint16_t left; /* columns of this row that remain */
} tg_index_csr16;

static inline void tg_index_csr16_init(tg_index_csr16 *index, const uint8_t *stream)
{
    index->stream = stream;
    index->left = 0;
}

TG_PIECE void tg_row_csr16(tg_index_csr16 *index)
{
    index->left = (uint16_t)(TG_READ_U8(index->stream) | (uint16_t)(TG_READ_U8(index->stream + 1) << 8));
    index->stream += 2;
}

TG_PIECE int tg_column_csr16(tg_index_csr16 *index, uint16_t columns, uint16_t *column)
{
    (void)columns;
    if (index->left == 0) {
        return 0;
    }
    index->left--;
    *column = (uint16_t)(TG_READ_U8(index->stream) | (uint16_t)(TG_READ_U8(index->stream + 1) << 8));
    index->stream += 2;
    return 1;
}
#endif /* TG_INDEX_CSR16_C */
