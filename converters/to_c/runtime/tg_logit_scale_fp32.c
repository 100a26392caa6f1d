#ifndef TG_LOGIT_SCALE_FP32_C
#define TG_LOGIT_SCALE_FP32_C
#include "tg_layer.c"
#include "tg_float32_scale.c"

/* Return the int8 logit of a sum with its bias, rounded as float32 is. */
static inline int8_t tg_scale_logit(int32_t sum, const tg_layer *layer)
{
    int32_t value = tg_float32_scale(sum, TG_READ_I32(layer->multiplier), TG_READ_SHIFT(layer->shift)) + layer->zero;
    value = value > layer->high ? layer->high : value;
    return (int8_t)(value < layer->low ? layer->low : value);
}
#endif /* TG_LOGIT_SCALE_FP32_C */
