#ifndef TG_FULLY_CONNECTED_SPARSE_SCALES_C
#define TG_FULLY_CONNECTED_SPARSE_SCALES_C
#include "tg_logit_scale.c"
#include "tg_survivors.c"

/* A matrix with sparse weights and a scale for each output; entries: room for one row's survivors. */
static void tg_fully_connected_sparse_scales(const tg_layer *layer, tg_begin_rows begin, const int8_t *map,
                                             int8_t *out, tg_survivor *entries)
{
    tg_layer one = *layer;
    tg_survivor_rows rows;
    uint16_t left;
    begin(&rows, layer->index, layer->values);
    for (left = layer->outputs; left != 0; left--) {
        const tg_survivor *const end = rows.next_row(&rows, entries, layer->inputs);
        const tg_survivor *entry;
        int32_t sum = TG_READ_I32(one.bias);
        for (entry = entries; entry != end; entry++) {
            sum += tg_survivor_value(*entry) * map[tg_survivor_place(*entry)];
        }
        *out++ = tg_scale_logit(sum, &one);
        one.bias++;
        one.multiplier++;
        one.shift++;
    }
}
#endif /* TG_FULLY_CONNECTED_SPARSE_SCALES_C */
