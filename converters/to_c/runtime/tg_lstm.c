#ifndef TG_LSTM_C
#define TG_LSTM_C
#include "tg_requantize_16.c"
#include "tg_gates.c"
#include "tg_platform.h"

/* Return the next output of one unit of an LSTM, -32768..32767 (1 is 2^15); docs/arithmetic.md has the equations.
 *
 * from_x, from_h [4]: what input and state give to i, f, g, o, Q11; bias [4] in flash; cell: its c, -32768..32767, with
 * bits 8..15 of fraction.
 */
static inline int16_t tg_lstm_unit(const uint8_t *table, const int16_t *from_x, const int16_t *from_h,
                                   const int16_t *bias, int16_t *cell, uint8_t bits)
{
    int gates[4];
    uint8_t gate;
    int32_t next;
    int32_t shown;
    for (gate = 0; gate < 4; gate++) {
        const int32_t sum = (int32_t)from_x[gate] + from_h[gate] + TG_READ_I16(&bias[gate]);
        gates[gate] = tg_gate_curve(table, TG_SATURATE(sum, 16) * (gate == 2 ? 2 : 1));
    }
    next = ((int32_t)(gates[0] + 256) * gates[2] * ((int32_t)1 << (bits - 8)) + (int32_t)(gates[1] + 256) * *cell + 256) >> 9;
    next = TG_SATURATE(next, 16);
    *cell = (int16_t)next;
    shown = bits > 11 ? (next + ((int32_t)1 << (bits > 11 ? bits - 12 : 0))) >> (bits > 11 ? bits - 11 : 0)
                      : next * ((int32_t)1 << (bits > 11 ? 0 : 11 - bits));
    return (int16_t)(((int32_t)(gates[3] + 256) * tg_gate_curve(table, 2 * TG_SATURATE(shown, 16)) + 2) >> 2);
}
#endif /* TG_LSTM_C */
