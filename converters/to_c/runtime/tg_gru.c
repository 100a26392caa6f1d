#ifndef TG_GRU_C
#define TG_GRU_C
#include "tg_requantize_16.c"
#include "tg_gates.c"
#include "tg_platform.h"

/* Return the next state of one unit of a GRU, -32768..32767 (1 is 2^15); docs/arithmetic.md has the equations.
 *
 * from_x, from_h [3]: what input and state give to r, z, n, Q11; bias [4] in flash: of r, z, n and of the state's n.
 */
static inline int16_t tg_gru_unit(const uint8_t *table, const int16_t *from_x, const int16_t *from_h,
                                  const int16_t *bias, int16_t state)
{
    const int r = tg_gate_curve(table, TG_SATURATE((int32_t)from_x[0] + from_h[0] + TG_READ_I16(&bias[0]), 16));
    const int z = tg_gate_curve(table, TG_SATURATE((int32_t)from_x[1] + from_h[1] + TG_READ_I16(&bias[1]), 16));
    const int32_t inner = (int32_t)tg_add_16(from_h[2], TG_READ_I16(&bias[3])) * (r + 256);
    const int32_t update = (int32_t)from_x[2] + TG_READ_I16(&bias[2]) + ((inner + 256) >> 9);
    const int n = tg_gate_curve(table, 2 * TG_SATURATE(update, 16));
    return (int16_t)(((int32_t)(z + 256) * state + (int32_t)(256 - z) * n * 128 + 256) >> 9);
}
#endif /* TG_GRU_C */
