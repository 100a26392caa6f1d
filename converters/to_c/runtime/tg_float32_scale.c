#ifndef TG_FLOAT32_SCALE_C
#define TG_FLOAT32_SCALE_C
#include "tg_layer.c"
#include "tg_round_even.c"

/* Return rint((float)value * factor) without floating point, any size cut to 65536; factor multiplier * 2^-(31 + shift).
 *
 * The value, and then the product, is rounded to the 24 bits of a float, and the product to an integer, each half to
 * even. multiplier: 24 bits and seven zeros, or 0; shift: -8..31.
 */
static TG_NOINLINE int32_t tg_float32_scale(int32_t value, int32_t multiplier, tg_shift shift)
{
    uint64_t size = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    const uint8_t cut = tg_excess(size);
    uint8_t cut_again, right;
    size = tg_round_even(size, cut) * ((uint32_t)multiplier >> 7);
    cut_again = tg_excess(size);
    size = tg_round_even(size, cut_again); /* now of 2^-(24 + shift - cut - cut_again) */
    right = (uint8_t)(24 + shift); /* 16..55 */
    if (right < cut + cut_again) {
        size <<= cut + cut_again - right; /* at most 16, of 24 bits */
    } else {
        right = (uint8_t)(right - cut - cut_again);
        size = tg_round_even(size, right);
    }
    size = size > 65536u ? 65536u : size;
    return value < 0 ? -(int32_t)size : (int32_t)size;
}
#endif /* TG_FLOAT32_SCALE_C */
