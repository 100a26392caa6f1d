#ifndef TG_SURVIVORS_CSR8_C
#define TG_SURVIVORS_CSR8_C
#include "tg_survivors.c"

/* A count byte and that many column bytes a row. */
static tg_survivor *tg_survivors_csr8(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns)
{
    uint8_t left = TG_READ_U8(rows->index);
    rows->index++;
    (void)columns;
    for (; left != 0; left--) {
        *entry++ = tg_survivor_of(rows, TG_READ_U8(rows->index), TG_READ_I8(rows->values));
        rows->index++;
        rows->values++;
    }
    return entry;
}

static void tg_survivors_csr8_init(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values)
{
    rows->next_row = tg_survivors_csr8;
    rows->index = index;
    rows->values = values;
    rows->step = 1;
}
#endif /* TG_SURVIVORS_CSR8_C */
