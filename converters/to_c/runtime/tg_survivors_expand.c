#ifndef TG_SURVIVORS_EXPAND_C
#define TG_SURVIVORS_EXPAND_C
#include "tg_layer.c"
#include "tg_survivors.c"

/* Write a sparse matrix [outputs][columns] densely into RAM, for a layer whose map is large and whose weights are few.
 *
 * entries: room for one row's survivors.
 */
static void tg_survivors_expand(const tg_layer *layer, tg_begin_rows begin, int8_t *dense, uint16_t columns,
                                tg_survivor *entries)
{
    tg_survivor_rows rows;
    uint16_t count;
    begin(&rows, layer->index, layer->values);
    for (count = layer->outputs; count != 0; count--) {
        const tg_survivor *const end = rows.next_row(&rows, entries, columns);
        const tg_survivor *entry;
        int8_t *const row_end = dense + columns;
        int8_t *next;
        for (next = dense; next != row_end; next++) {
            *next = 0;
        }
        for (entry = entries; entry != end; entry++) {
            dense[tg_survivor_place(*entry)] = (int8_t)tg_survivor_value(*entry);
        }
        dense = row_end;
    }
}
#endif /* TG_SURVIVORS_EXPAND_C */
