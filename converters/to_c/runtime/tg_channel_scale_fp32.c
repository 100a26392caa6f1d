#ifndef TG_CHANNEL_SCALE_FP32_C
#define TG_CHANNEL_SCALE_FP32_C
#include "tg_channel.c"
#include "tg_float32_scale.c"

#define TG_DOUBT 0x20000u /* around a half, of 2^-32: there the float's own rounding decides */
#define TG_ESTIMATE_MARGIN(shift) 256u /* twice as much, of 2^-23 */

#if !TG_QUICK
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
#endif

static inline int8_t tg_limited(int32_t value, const tg_channel *by)
{
#ifdef TG_FULL_RANGE /* no layer of the model has limits other than int8's */
    const int32_t low = -128, high = 127;
    (void)by;
#else
    const int32_t low = by->low, high = by->high;
#endif
    value = value > high ? high : value;
    return (int8_t)(value < low ? low : value);
}

#if TG_QUICK
/* The same where the float's own rounding decides. */
static TG_NOINLINE int32_t tg_scale_in_doubt(int32_t value, int32_t multiplier, tg_shift shift, int32_t rounded)
{
    if (shift > 9) {
        multiplier *= (int32_t)1 << (shift - 9); /* as it is stored */
    }
    return tg_float32_scale(value, multiplier, shift) + (rounded >> 8);
}

/* Return the int8 output of a sum without its bias: rint((float)sum * factor), as XNNPACK rounds.
 *
 * The upper word of the product has eight bits of fraction, a half added. Where they are all alike, all 40 bits are looked
 * at; what is beyond 256 may differ from the float, and is clipped.
 */
static inline int8_t tg_scale_channel(int32_t sum, const tg_channel *by)
{
    const int32_t value = sum + by->bias;
    const int64_t product = (int64_t)(int32_t)((uint32_t)value << by->left) * by->multiplier + by->rounded * ((int64_t)1 << 32);
    const int32_t upper = (int32_t)(product >> 32);
    if (((upper + 1) & 0xFE) == 0 && (uint32_t)(product >> 8) + TG_DOUBT < 2 * TG_DOUBT) {
        return tg_limited(tg_scale_in_doubt(value, by->multiplier, by->shift, by->rounded), by);
    }
    return tg_limited(upper >> 8, by);
}
#else
/* Return the int8 output of a sum without its bias. */
static inline int8_t tg_scale_channel(int32_t sum, const tg_channel *by)
{
    return tg_limited(tg_scaled(sum + by->bias, by) + by->zero, by);
}
#endif
#endif /* TG_CHANNEL_SCALE_FP32_C */
