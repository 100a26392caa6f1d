#ifndef TG_INDEX_N_OF_M_C
#define TG_INDEX_N_OF_M_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* n columns of each group of 2^log_m, each by its place in the group, log_m bits. */
typedef struct {
    tg_bits bits;
    uint16_t group; /* its first column */
    uint8_t left;   /* columns of this group that remain */
    uint8_t n;
    uint8_t log_m;
} tg_index_n_of_m;

static inline void tg_index_n_of_m_init(tg_index_n_of_m *index, const uint8_t *stream, uint8_t n, uint8_t log_m)
{
    index->bits.next = stream;
    index->bits.window = 0;
    index->bits.have = 0;
    index->group = 0;
    index->left = n;
    index->n = n;
    index->log_m = log_m;
}

TG_PIECE void tg_row_n_of_m(tg_index_n_of_m *index)
{
    index->group = 0;
    index->left = index->n;
}

TG_PIECE int tg_column_n_of_m(tg_index_n_of_m *index, uint16_t columns, uint16_t *column)
{
    if (index->left == 0) {
        index->group = (uint16_t)(index->group + (1u << index->log_m));
        index->left = index->n;
    }
    if (index->group >= columns) {
        return 0;
    }
    index->left--;
    *column = (uint16_t)(index->group + tg_bits_take(&index->bits, index->log_m));
    return 1;
}
#endif /* TG_INDEX_N_OF_M_C */
