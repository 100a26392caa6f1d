#ifndef TG_FULLY_CONNECTED_C
#define TG_FULLY_CONNECTED_C
#include "tg_logit_scale.c"

/* The classifier with dense weights: logits[outputs] of map[inputs]. */
TG_SHARED void tg_fully_connected_dense(const tg_layer *layer, const int8_t *weights, const int8_t *map, int8_t *logits)
{
    uint16_t row, column;
    for (row = 0; row < layer->outputs; row++) {
        int32_t sum = TG_READ_I32(layer->bias + row);
        for (column = 0; column < layer->inputs; column++) {
            sum += (int16_t)TG_READ_I8(weights + column) * (int16_t)map[column];
        }
        logits[row] = tg_scale_logit(sum, layer);
        weights += layer->inputs;
    }
}
#endif /* TG_FULLY_CONNECTED_C */
