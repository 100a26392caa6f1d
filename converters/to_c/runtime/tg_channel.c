#ifndef TG_CHANNEL_C
#define TG_CHANNEL_C
#include "tg_layer.c"

/* TG_QUICK_SCALE: the converter proved for every layer that shifts are 2..16 and no sum times 2^(9 - shift) leaves 32 bits. */
#if defined(TG_QUICK_SCALE) && !defined(__ARM_ARCH_6M__) && !defined(TG_NO_LONG_MULTIPLY)
#define TG_QUICK 1
#else
#define TG_QUICK 0
#endif

/* How one channel's sums become int8; a copy, since stores of int8 outputs could change what lies in memory. */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t zero;
    int32_t low;
    int32_t high;
    tg_shift shift;
#if TG_QUICK
    uint8_t left;    /* of the sum, so that the product has eight bits of fraction in its upper word */
    int32_t rounded; /* zero point and a half there */
#endif
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
#if TG_QUICK
    found.left = 0;
    if (found.shift < 9) {
        found.left = (uint8_t)(9 - found.shift);
    } else {
        found.multiplier >>= found.shift - 9; /* of 24 bits and seven zeros */
    }
    found.rounded = found.zero * 256 + 128;
#endif
    return found;
}
#endif /* TG_CHANNEL_C */
