#include "tg_platform.h"

static inline int16_t tg_saturate16(int32_t value)
{
    if (value > 32767) {
        return 32767;
    }
    return value < -32768 ? (int16_t)-32768 : (int16_t)value;
}

static inline int8_t tg_clip127(int32_t value)
{
    if (value > 127) {
        return 127;
    }
    return value < -127 ? (int8_t)-127 : (int8_t)value;
}

/* Scale an accumulator by multiplier * 2^-(pre_shift + post_shift), rounded half up, saturated to 16 bits.
 *
 * pre_shift 0..16, multiplier 1..32767, post_shift 1..30: no product exceeds 31 bits.
 */
static inline int16_t tg_requantize(int32_t accumulator, uint8_t pre_shift, int16_t multiplier, uint8_t post_shift)
{
    const int32_t product = (int32_t)tg_saturate16(accumulator >> pre_shift) * multiplier;
    return tg_saturate16((product + ((int32_t)1 << (post_shift - 1))) >> post_shift);
}
