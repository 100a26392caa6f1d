#include "tg_platform.h"
#include "tg_requantize.c"

/* Return one channel's normalised value, -127..127: ((counts - offset) * multiplier + half) >> shift.
 *
 * counts and offset int16, multiplier 1..32767, shift 1..30.
 */
static inline int8_t tg_sensor_int8(int16_t counts, int16_t offset, int16_t multiplier, uint8_t shift)
{
    const int32_t product = (int32_t)tg_saturate16((int32_t)counts - offset) * multiplier;
    return tg_clip127((product + ((int32_t)1 << (shift - 1))) >> shift);
}
