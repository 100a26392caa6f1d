#ifndef TG_CHANNEL_C
#define TG_CHANNEL_C
#include "tg_layer.c"

/* How one channel's sums become int8; a copy, since stores of int8 outputs could change what lies in memory. */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t zero;
    int32_t low;
    int32_t high;
    tg_shift shift;
} tg_channel;

static inline tg_channel tg_channel_of(const tg_layer *layer, uint16_t channel)
{
    tg_channel found;
    found.bias = TG_READ_I32(layer->bias + channel);
    found.multiplier = TG_READ_I32(layer->multiplier + channel);
    found.zero = layer->zero;
    found.low = layer->low;
    found.high = layer->high;
    found.shift = TG_READ_SHIFT(layer->shift + channel);
    return found;
}
#endif /* TG_CHANNEL_C */
