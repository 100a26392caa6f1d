#ifndef TG_INDEX_RELATIVE_C
#define TG_INDEX_RELATIVE_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Columns by gaps in codes of `width` bits, 2..8; the largest code skips that many zeros and another follows. */
typedef struct {
    tg_bits bits;
    uint16_t next; /* column of the next survivor, counted from the start of this row or of the next */
    uint8_t width;
} tg_index_relative;

TG_SHARED uint16_t tg_relative_next(tg_bits *bits, uint8_t width)
{
    const uint16_t escape = (uint16_t)((1u << width) - 1u);
    uint16_t gap = 0;
    uint16_t code;
    do {
        code = tg_bits_take(bits, width);
        gap = (uint16_t)(gap + code);
    } while (code == escape);
    return gap;
}

static inline void tg_index_relative_init(tg_index_relative *index, const uint8_t *stream, uint8_t width)
{
    index->bits.next = stream;
    index->bits.window = 0;
    index->bits.have = 0;
    index->width = width;
    index->next = tg_relative_next(&index->bits, width);
}

TG_PIECE void tg_row_relative(tg_index_relative *index)
{
    (void)index;
}

TG_PIECE int tg_column_relative(tg_index_relative *index, uint16_t columns, uint16_t *column)
{
    *column = index->next;
    if (index->next >= columns) {
        index->next = (uint16_t)(index->next - columns);
        return 0;
    }
    index->next = (uint16_t)(index->next + 1u + tg_relative_next(&index->bits, index->width));
    return 1;
}
#endif /* TG_INDEX_RELATIVE_C */
