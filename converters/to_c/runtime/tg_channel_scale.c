#ifndef TG_CHANNEL_SCALE_C
#define TG_CHANNEL_SCALE_C
#include "tg_channel.c"

/* How far the result may lie from the exact product's rounding, of 2^-23: the first of two roundings. */
#define TG_ESTIMATE_MARGIN(shift) (((uint32_t)1 << 22 >> (shift)) + 1u)

/* Return (value * multiplier + 2^30) >> 31 for any value above -2^31, which is TFLite's doubling high multiply. */
static inline int32_t tg_doubling_high(int32_t value, int32_t multiplier)
{
#if defined(__ARM_ARCH_6M__) || defined(TG_NO_LONG_MULTIPLY)
    /* Four 16-bit products: a core without a long multiply calls a function for it otherwise. */
    const int32_t value_high = value >> 16;
    const uint32_t value_low = (uint32_t)value & 0xFFFFu;
    const uint32_t by_high = (uint32_t)multiplier >> 16;
    const uint32_t by_low = (uint32_t)multiplier & 0xFFFFu;
    const uint32_t upper = value_low * by_high;
    const int32_t lower = value_high * (int32_t)by_low;
    const uint32_t carry = ((value_low * by_low) >> 16) + (upper & 0xFFFFu) + ((uint32_t)lower & 0xFFFFu);
    const int32_t high = value_high * (int32_t)by_high + (lower >> 16) + (int32_t)(upper >> 16);
    return high * 2 + (int32_t)(((carry >> 14) + 1u) >> 1);
#else
    return (int32_t)(((int64_t)value * multiplier + ((int64_t)1 << 30)) >> 31);
#endif
}

#ifdef TG_LARGE_FACTORS /* some factor is 1/2 or more, which few trained networks have */
/* Return value * 2^-right, cut to 2^30, where right is 0..-8; the value itself where right is more.
 *
 * The reference cuts to 32 bits. Either way a product of what was cut is 2^29 or more, far beyond int8, and is clipped;
 * here there is room left for the zero point.
 */
static inline int32_t tg_shifted_left(int32_t value, tg_shift right)
{
    int32_t limit;
    if (right > 0) {
        return value;
    }
    limit = ((int32_t)1 << 30) >> -right;
    value = value > limit ? limit : value;
    value = value < -limit ? -limit : value;
    return value * ((int32_t)1 << -right);
}
#endif

/* Return the int8 output of a sum without its bias; rounded twice, as TFLite's convolutions do. */
static inline int8_t tg_scale_channel(int32_t sum, const tg_channel *by)
{
#ifdef TG_LARGE_FACTORS
    int32_t value = tg_doubling_high(tg_shifted_left(sum + by->bias, by->shift), by->multiplier);
#else
    int32_t value = tg_doubling_high(sum + by->bias, by->multiplier);
#endif
    if (by->shift > 0) {
        value += value >> 31; /* halves go away from zero */
        value = ((value >> (by->shift - 1)) + 1) >> 1;
    }
    value += by->zero;
    value = value > by->high ? by->high : value;
    return (int8_t)(value < by->low ? by->low : value);
}
#endif /* TG_CHANNEL_SCALE_C */
