#ifndef TG_LOGIT_SCALE_C
#define TG_LOGIT_SCALE_C
#include "tg_layer.c"

/* Return the int8 logit of a sum with its bias; rounded once, half up, as LiteRT's fully connected kernel does. */
static inline int8_t tg_scale_logit(int32_t sum, const tg_layer *layer)
{
    const uint8_t shift = (uint8_t)(31 + TG_READ_SHIFT(layer->shift)); /* 23..62 */
    const int64_t product = (int64_t)sum * TG_READ_I32(layer->multiplier);
    /* No product exceeds 62 bits, so the shifted one may need 64 only before it is clipped. */
    int64_t value = ((product + ((int64_t)1 << (shift - 1))) >> shift) + layer->zero;
    value = value > layer->high ? layer->high : value;
    return (int8_t)(value < layer->low ? layer->low : value);
}
#endif /* TG_LOGIT_SCALE_C */
