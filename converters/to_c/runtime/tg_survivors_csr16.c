#ifndef TG_SURVIVORS_CSR16_C
#define TG_SURVIVORS_CSR16_C
#include "tg_survivors.c"

static inline uint32_t tg_survivors_half(tg_survivor_rows *rows)
{
    const uint32_t half = TG_READ_U8(rows->index) | (uint32_t)TG_READ_U8(rows->index + 1) << 8;
    rows->index += 2;
    return half;
}

/* A count and that many columns a row, 16 bits each, low byte first. */
static tg_survivor *tg_survivors_csr16(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns)
{
    uint32_t left = tg_survivors_half(rows);
    (void)columns;
    for (; left != 0; left--) {
        *entry++ = tg_survivor_of(rows, tg_survivors_half(rows), TG_READ_I8(rows->values));
        rows->values++;
    }
    return entry;
}

static void tg_survivors_csr16_init(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values)
{
    rows->next_row = tg_survivors_csr16;
    rows->index = index;
    rows->values = values;
    rows->step = 1;
}
#endif /* TG_SURVIVORS_CSR16_C */
