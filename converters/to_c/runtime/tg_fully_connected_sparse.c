#ifndef TG_FULLY_CONNECTED_SPARSE_C
#define TG_FULLY_CONNECTED_SPARSE_C
#include "tg_logit_scale.c"
#include "tg_survivors.c"

/* The classifier with sparse weights, read from flash row by row; entries: room for one row's survivors. */
static void tg_fully_connected_sparse(const tg_layer *layer, tg_begin_rows begin, const int8_t *map, int8_t *logits,
                                      tg_survivor *entries)
{
    tg_survivor_rows rows;
    uint16_t row;
    begin(&rows, layer->index, layer->values);
    for (row = 0; row < layer->outputs; row++) {
        const tg_survivor *const end = rows.next_row(&rows, entries, layer->inputs);
        const tg_survivor *entry;
        int32_t sum = TG_READ_I32(layer->bias + row);
        for (entry = entries; entry != end; entry++) {
            sum += tg_survivor_value(*entry) * map[tg_survivor_place(*entry)];
        }
        logits[row] = tg_scale_logit(sum, layer);
    }
}
#endif /* TG_FULLY_CONNECTED_SPARSE_C */
