#ifndef TG_FASTGRNN_C
#define TG_FASTGRNN_C
#include "tg_arithmetic.c"
#include "tg_fastgrnn_avr.c"
#include "tg_fastgrnn_scalars.c"
#include "tg_gates.c"
#include "tg_gates_wide.c"
#include "tg_platform.h"
#include "tg_requantize.c"

/* Return the rounded upper byte of the state, -127..127; state -32512..32512. */
static inline int8_t tg_top_byte(int state)
{
    return (int8_t)((state + 128) >> 8);
}

#if TG_FAST_32 || defined(__AVR_HAVE_MUL__)
/* True when no bias reaches 2^13: then a pre-activation needs no saturation, since from 2^15 - 2^13 the gates are level. */
static inline int tg_small_biases(const tg_fastgrnn_scalars *cell)
{
    return cell->bias_gate_shift <= 6 && cell->bias_update_shift <= 6;
}
#endif

/* The equations of both builds below, from a gate z - 1/2 (-255..255 / 512) and an update c (-255..255 / 256). */
static inline int32_t tg_fastgrnn_next(const tg_fastgrnn_scalars *cell, int32_t z, int32_t c, int32_t state, int32_t half)
{
    const int32_t a = ((256 * (int32_t)cell->zeta - (int32_t)cell->zeta * z) >> cell->zeta_shift) + cell->nu;
    const int32_t next = ((z + 256) * state + half + 4 * (a * c)) >> 9;
    if ((uint32_t)(next + 32512) > 65024u) {
        return next < 0 ? -32512 : 32512;
    }
    return next;
}

#if TG_FAST_32
/* Update every unit from its accumulator (shifted left by `shift` still), biases and state, each [units].
 *
 * top takes the new states' upper bytes. The sums with the biases need no saturation: the gates are level from 2^14.
 */
static inline void tg_fastgrnn_update(const tg_fastgrnn_scalars *cell, const int32_t *sums, uint8_t shift,
                                      const int8_t *bias_gate, const int8_t *bias_update, int16_t *hidden, int8_t *top,
                                      uint16_t units)
{
    const int32_t *end = sums + units;
    const tg_gate_segment *middle = tg_gate_segments + 32;
    int32_t round_pre = tg_half(&cell->pre);
    int32_t round_next = 256;
    TG_OPAQUE(middle);
    TG_OPAQUE(round_pre);
    TG_OPAQUE(round_next);
    TG_OPAQUE(end);
    do {
        const int32_t sum = *sums++ * ((int32_t)1 << shift);
        const int32_t pre = tg_small_biases(cell) ? tg_scale(sum, &cell->pre, round_pre)
                                                  : tg_requantize(sum, &cell->pre, round_pre);
        const int32_t gate = pre + *bias_gate++ * ((int32_t)1 << cell->bias_gate_shift);
        const int32_t update = pre + *bias_update++ * ((int32_t)1 << cell->bias_update_shift);
        /* Halves round toward zero, as magnitudes do. */
        const int32_t half_gate = (gate + (int32_t)((uint32_t)gate >> 31)) >> 1;
        const int32_t z = tg_gate_wide(middle, TG_SATURATE(half_gate, 14));
        const int32_t c = tg_gate_wide(middle, TG_SATURATE(update, 14));
        int32_t next = tg_fastgrnn_next(cell, z, c, *hidden, round_next);
        TG_OPAQUE(next);
        *hidden++ = (int16_t)next;
        *top++ = tg_top_byte((int)next);
    } while (sums != end);
}

#else
/* Return the next state of one unit, -32512..32512, from its accumulator, biases (int8) and state. */
static inline int16_t tg_fastgrnn_unit(const tg_fastgrnn_scalars *cell, const uint8_t *table, int32_t accumulator,
                                       int8_t bias_gate, int8_t bias_update, int16_t state)
{
#if defined(__AVR_HAVE_MUL__)
    if (tg_small_biases(cell)) {
        const int16_t pre = tg_requantize_narrow(accumulator, &cell->pre);
        return tg_fastgrnn_update_narrow(cell, table, pre, bias_gate, bias_update, state);
    }
#endif
    {
        const int32_t pre = tg_requantize(accumulator, &cell->pre, tg_half(&cell->pre));
        const int z = tg_gate_curve(table, pre + bias_gate * ((int32_t)1 << cell->bias_gate_shift));
        const int c = tg_gate_curve(table, 2 * (pre + bias_update * ((int32_t)1 << cell->bias_update_shift)));
        return (int16_t)tg_fastgrnn_next(cell, z, c, state, 256);
    }
}
#endif
#endif /* TG_FASTGRNN_C */
