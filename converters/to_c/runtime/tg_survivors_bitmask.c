#ifndef TG_SURVIVORS_BITMASK_C
#define TG_SURVIVORS_BITMASK_C
#include "tg_survivors.c"

/* One bit for each weight, LSB first, rows not padded. */
static tg_survivor *tg_survivors_bitmask(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns)
{
    const uint8_t *index = rows->index;
    const int8_t *values = rows->values;
    uint32_t bits = rows->bits;
    uint8_t have = rows->have;
    uint32_t column = 0;
    while (column < columns) {
        if (have == 0) {
            bits = TG_READ_U8(index);
            index++;
            have = 8;
        }
        if (bits == 0) { /* nothing more in this byte */
            const uint32_t left = columns - column;
            const uint8_t skipped = have < left ? have : (uint8_t)left;
            column += skipped;
            have = (uint8_t)(have - skipped);
            continue;
        }
        if (bits & 1u) {
            *entry++ = tg_survivor_of(column, TG_READ_I8(values));
            values++;
        }
        bits >>= 1;
        have--;
        column++;
    }
    rows->index = index;
    rows->values = values;
    rows->bits = bits;
    rows->have = have;
    return entry;
}

static void tg_survivors_bitmask_init(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values)
{
    rows->next_row = tg_survivors_bitmask;
    rows->index = index;
    rows->values = values;
    rows->bits = 0;
    rows->have = 0;
}
#endif /* TG_SURVIVORS_BITMASK_C */
