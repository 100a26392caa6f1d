#ifndef TG_CHANNEL_SCALE_FP32_C
#define TG_CHANNEL_SCALE_FP32_C
#include "tg_channel.c"
#include "tg_float32_scale.c"

#define TG_DOUBT 0x20000u /* around a half, of 2^-32: there the float's own rounding decides */

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
    const uint8_t right = (uint8_t)(by->shift - 1); /* of the product's upper word to the integer, 1..30 */
    uint32_t lower, fraction;
    int32_t upper;
#ifdef TG_LARGE_FACTORS /* some factor is 1/4 or more, which few trained networks have */
    if (by->shift < 2) {
        return tg_float32_scale(value, by->multiplier, by->shift);
    }
#endif
    upper = tg_product(value, by->multiplier, &lower);
    fraction = ((uint32_t)upper << (32 - right)) | (lower >> right);
    if (fraction - (0x80000000u - TG_DOUBT) < 2 * TG_DOUBT) {
        return tg_float32_scale(value, by->multiplier, by->shift);
    }
    return (upper >> right) + (int32_t)(fraction >> 31);
}

/* Return the int8 output of a sum without its bias. */
static inline int8_t tg_scale_channel(int32_t sum, const tg_channel *by)
{
    int32_t value = tg_scaled(sum + by->bias, by) + by->zero;
    value = value > by->high ? by->high : value;
    return (int8_t)(value < by->low ? by->low : value);
}
#endif /* TG_CHANNEL_SCALE_FP32_C */
