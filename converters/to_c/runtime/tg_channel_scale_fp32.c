#ifndef TG_CHANNEL_SCALE_FP32_C
#define TG_CHANNEL_SCALE_FP32_C
#include "tg_layer.c"
#include "tg_float32_scale.c"

#define TG_DOUBT 0x20000u /* around a half, of 2^-32: there the float's own rounding decides */

/* How one channel's sums become int8; a copy, since stores of int8 outputs could change what lies in memory. */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t zero;
    int32_t low;
    int32_t high;
    int8_t shift; /* of the product's upper word to the integer, 1..30; -1 and 0 with TG_LARGE_FACTORS */
} tg_channel;

static inline tg_channel tg_channel_of(const tg_layer *layer, uint16_t channel)
{
    tg_channel found;
    found.bias = TG_READ_I32(layer->bias + channel);
    found.multiplier = TG_READ_I32(layer->multiplier + channel);
    found.zero = layer->zero;
    found.low = layer->low;
    found.high = layer->high;
    found.shift = (int8_t)(TG_READ_U8(layer->shift + channel) - 1);
    return found;
}

/* Return the upper word of value * multiplier; the lower one without what lies below its upper half, at least. */
static inline int32_t tg_product(int32_t value, int32_t multiplier, uint32_t *lower)
{
#if defined(__ARM_ARCH_6M__) || defined(TG_NO_LONG_MULTIPLY)
    /* Four 16-bit products: a core without a long multiply calls a function for it otherwise. */
    const int32_t value_high = value >> 16;
    const uint32_t value_low = (uint32_t)value & 0xFFFFu;
    const uint32_t by_high = (uint32_t)multiplier >> 16;
    const uint32_t by_low = (uint32_t)multiplier & 0xFFFFu;
    const uint32_t first = value_low * by_high;
    const int32_t second = value_high * (int32_t)by_low;
    const uint32_t middle = ((value_low * by_low) >> 16) + (first & 0xFFFFu) + ((uint32_t)second & 0xFFFFu);
    *lower = middle << 16;
    return value_high * (int32_t)by_high + (second >> 16) + (int32_t)(first >> 16) + (int32_t)(middle >> 16);
#else
    const int64_t product = (int64_t)value * multiplier;
    *lower = (uint32_t)product;
    return (int32_t)(product >> 32);
#endif
}

/* Return rint((float)value * factor), as XNNPACK rounds; what is beyond 256 may differ, and is clipped.
 *
 * Results up to 256 have a float within 2^-16 of the exact product. So only fractions that near to a half, one of 16,384,
 * need the float's own rounding.
 */
static inline int32_t tg_scaled(int32_t value, const tg_channel *by)
{
    uint32_t lower, fraction;
    int32_t upper;
#ifdef TG_LARGE_FACTORS /* some factor is 1/4 or more, which no trained network has */
    if (by->shift < 1) {
        return tg_float32_scale(value, by->multiplier, (uint8_t)(by->shift + 1));
    }
#endif
    upper = tg_product(value, by->multiplier, &lower);
    fraction = ((uint32_t)upper << (32 - by->shift)) | (lower >> by->shift);
    if (fraction - (0x80000000u - TG_DOUBT) < 2 * TG_DOUBT) {
        return tg_float32_scale(value, by->multiplier, (uint8_t)(by->shift + 1));
    }
    return (upper >> by->shift) + (int32_t)(fraction >> 31);
}

/* Return the int8 output of a sum without its bias. */
static inline int8_t tg_scale_channel(int32_t sum, const tg_channel *by)
{
    int32_t value = tg_scaled(sum + by->bias, by) + by->zero;
    value = value > by->high ? by->high : value;
    return (int8_t)(value < by->low ? by->low : value);
}
#endif /* TG_CHANNEL_SCALE_FP32_C */
