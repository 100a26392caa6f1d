#ifndef TG_FLOAT32_SCALE_C
#define TG_FLOAT32_SCALE_C
#include "tg_layer.c"

/* Return value / 2^bits, halves to even; bits 0..63. */
static uint64_t tg_round_even(uint64_t value, uint8_t bits)
{
    const uint64_t down = bits != 0 ? value >> bits : value;
    const uint64_t rest = value - (down << bits);
    const uint64_t half = bits != 0 ? (uint64_t)1 << (bits - 1) : 1;
    return down + (rest > half || (rest == half && (down & 1u) != 0));
}

/* Return the bits by which a number exceeds the 24 that float32 holds. */
static uint8_t tg_excess(uint64_t value)
{
    uint8_t bits = 0;
    while ((value >> bits) >> 24 != 0) {
        bits++;
    }
    return bits;
}

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
