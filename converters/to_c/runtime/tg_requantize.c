#ifndef TG_REQUANTIZE_C
#define TG_REQUANTIZE_C
#include "tg_arithmetic.c"
#include "tg_platform.h"

/* A real factor as multiplier * 2^-(pre_shift + post_shift), and the largest magnitude of what it scales.
 *
 * pre_shift 0..16, multiplier 1..32767, post_shift 1..30: no product exceeds 31 bits. `limit` is a proven bound, from
 * which the compiler sees where saturation cannot happen.
 */
typedef struct {
    uint8_t pre_shift;
    int16_t multiplier;
    uint8_t post_shift;
    int32_t limit;
} tg_requantizer;

/* Return the accumulator (|accumulator| <= limit) scaled, rounded half up, not yet saturated to 16 bits.
 *
 * half: 2^(post_shift - 1), kept in a register by who calls often.
 */
static inline int32_t tg_scale(int32_t accumulator, const tg_requantizer *by, int32_t half)
{
    int32_t narrow = accumulator >> by->pre_shift;
    if ((by->limit >> by->pre_shift) >= 32767) {
        narrow = TG_SATURATE(narrow, 16);
    }
    return (narrow * by->multiplier + half) >> by->post_shift;
}

static inline int32_t tg_requantize(int32_t accumulator, const tg_requantizer *by, int32_t half)
{
    return TG_SATURATE(tg_scale(accumulator, by, half), 16);
}

static inline int32_t tg_half(const tg_requantizer *by)
{
    return (int32_t)1 << (by->post_shift - 1);
}
#endif /* TG_REQUANTIZE_C */
