#include "tg_platform.h"

/* Interpolate the gate table at a magnitude in Q11, 0..65536.
 *
 * table: 33 bytes, round(256 * tanh(i / 8)), at most 255; from 8.0 (2^14) up the last entry. Returns 0..255.
 */
static inline int16_t tg_half_tanh(const uint8_t *table, int32_t magnitude)
{
    uint8_t segment;
    int16_t low;
    int16_t rise;
    if (magnitude >= 16384) {
        return (int16_t)TG_READ_U8(table + 32);
    }
    segment = (uint8_t)(magnitude >> 9);
    low = (int16_t)TG_READ_U8(table + segment);
    rise = (int16_t)((int16_t)TG_READ_U8(table + segment + 1) - low);
    return (int16_t)(low + ((rise * (int16_t)((magnitude >> 1) & 255) + 128) >> 8));
}

/* Return the sigmoid of a Q11 value as 1..511 in units of 1/512. */
static inline int16_t tg_sigmoid_q9(const uint8_t *table, int16_t pre)
{
    const int16_t t = tg_half_tanh(table, pre < 0 ? -(int32_t)pre : (int32_t)pre);
    return (int16_t)(pre < 0 ? 256 - t : 256 + t);
}

/* Return the hyperbolic tangent of a Q11 value as -255..255 in units of 1/256. */
static inline int16_t tg_tanh_q8(const uint8_t *table, int16_t pre)
{
    const int16_t t = tg_half_tanh(table, 2 * (pre < 0 ? -(int32_t)pre : (int32_t)pre));
    return (int16_t)(pre < 0 ? -t : t);
}
