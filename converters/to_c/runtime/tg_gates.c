#ifndef TG_GATES_C
#define TG_GATES_C
#include "tg_platform.h"

/* The gate curve, round(256 * tanh(v / 2)) between -255 and 255, of a value in Q11 (|value| <= 131072).
 *
 * table: 33 bytes, entry i is the curve at v = i / 4; straight lines between, the last entry from 8.0 (2^14) up, where
 * the last segment must already have reached it. The sigmoid in 1/512 is 256 + curve(v), the hyperbolic tangent in
 * 1/256 is curve(2 v).
 */
#if !TG_FAST_32
TG_SHARED int tg_gate_curve(const uint8_t *table, int32_t value)
{
    const int32_t magnitude = value < 0 ? -value : value;
    const uint16_t inside = magnitude > 16383 ? (uint16_t)16383 : (uint16_t)magnitude;
    const uint8_t *entry = table + (inside >> 9);
    const int low = TG_READ_U8(entry);
    const int rise = TG_READ_U8(entry + 1) - low;
    const int curve = low + ((rise * (int)(uint8_t)(inside >> 1) + 128) >> 8);
    return value < 0 ? -curve : curve;
}
#endif
#endif /* TG_GATES_C */
