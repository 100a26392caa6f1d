#ifndef TG_GRAVITY_C
#define TG_GRAVITY_C
#include "tg_arithmetic.c"
#include "tg_platform.h"

/* Split total acceleration x y z into gravity and body acceleration, one sample: a low-pass filter of one pole.
 *
 * estimate[3]: gravity in counts << 15, -2^30 - 2 .. 2^30 - 2^15; starts as the first sample << 15, so that every
 * difference fits 31 bits and a sign. total[3], body[3] out: int16, body saturates. They must not overlap.
 * Each estimate moves by 1/32 + 1/256 + 1/512 of its distance: a corner of 0.301 Hz at 50 samples a second.
 */
static void tg_gravity_int16(int32_t *estimate, const int16_t *total, int16_t *body)
{
    uint8_t axis;
    for (axis = 0; axis < 3; axis++) {
        int32_t share = ((int32_t)total[axis] * 32768 - estimate[axis]) >> 5;
        int32_t moved = estimate[axis] + share;
        share >>= 3;
        moved += share;
        moved += share >> 1;
        estimate[axis] = moved;
        moved = total[axis] - ((moved + 16384) >> 15);
        body[axis] = (int16_t)TG_SATURATE(moved, 16);
    }
}
#endif /* TG_GRAVITY_C */
