#ifndef TG_FULLY_CONNECTED_SCALES_C
#define TG_FULLY_CONNECTED_SCALES_C
#include "tg_fully_connected.c"

/* A matrix with dense weights and a scale for each output: out[outputs] of map[inputs]. */
static void tg_fully_connected_dense_scales(const tg_layer *layer, const int8_t *weights, const int8_t *map,
                                            int8_t *out)
{
    tg_layer one = *layer;
    uint16_t left;
    one.outputs = 1;
    for (left = layer->outputs; left != 0; left--) {
        tg_fully_connected_dense(&one, weights, map, out);
        one.bias++;
        one.multiplier++;
        one.shift++;
        weights += layer->inputs;
        out++;
    }
}
#endif /* TG_FULLY_CONNECTED_SCALES_C */
