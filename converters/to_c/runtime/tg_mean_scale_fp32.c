#ifndef TG_MEAN_SCALE_FP32_C
#define TG_MEAN_SCALE_FP32_C
#include "tg_round_even.c"

/* How a sum becomes a mean in float32, zero points and 1 / count in it; bits of the offset below 2^-40 are its last one. */
typedef struct {
    int64_t offset;     /* of 2^-40: up to 2^56 */
    int32_t multiplier; /* 24 bits, or 0; of 2^-shift */
    uint8_t shift;      /* 16 or more */
} tg_mean;

/* Return a product of 24 bits, of 2^-shift, in units of 2^-40; bits below it set the last one. */
static uint64_t tg_aligned(uint64_t size, uint8_t shift)
{
    uint8_t right;
    if (shift <= 40) {
        return size << (40 - shift); /* at most 2^56 */
    }
    right = (uint8_t)(shift - 40);
    if (right > 31) {
        return size != 0;
    }
    return (size >> right) | ((size & (((uint64_t)1 << right) - 1)) != 0);
}

/* Return the int8 mean of a sum, up to 2^30: rint((float)sum * factor + offset) without floating point.
 *
 * Each step is rounded to the 24 bits of a float. A term with bits below 2^-40 is below 2^-16, and a sum that small is 0;
 * otherwise one last bit for all of them keeps a sum on its side of every half.
 */
static int8_t tg_scale_mean(int32_t sum, const tg_mean *by)
{
    uint64_t size = sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum;
    const uint8_t cut = tg_excess(size);
    uint8_t cut_again;
    int64_t total;
    int32_t value;
    size = tg_round_even(size, cut) * (uint32_t)by->multiplier;
    cut_again = tg_excess(size);
    size = tg_aligned(tg_round_even(size, cut_again), (uint8_t)(by->shift - cut - cut_again));
    total = by->offset + (sum < 0 ? -(int64_t)size : (int64_t)size);
    size = total < 0 ? 0u - (uint64_t)total : (uint64_t)total;
    cut_again = tg_excess(size);
    size = tg_round_even(tg_round_even(size, cut_again) << cut_again, 40);
    value = total < 0 ? -(int32_t)size : (int32_t)size; /* up to 2^17 */
    value = value > 127 ? 127 : value;
    return (int8_t)(value < -128 ? -128 : value);
}
#endif /* TG_MEAN_SCALE_FP32_C */
