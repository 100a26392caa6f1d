#ifndef TG_FASTGRNN_16_C
#define TG_FASTGRNN_16_C
#ifndef TG_CELL_16
#define TG_CELL_16 /* before tg_platform.h */
#endif
#include "tg_arithmetic.c"
#include "tg_fastgrnn.c"
#include "tg_gates.c"
#include "tg_platform.h"
#include "tg_requantize.c"

#if defined(__AVR_HAVE_MUL__)
/* Return the accumulator scaled and rounded, saturated to 16 bits: the shifts by whole bytes, which cost nothing. */
static inline TG_ALWAYS_INLINE int16_t tg_requantize_16(int32_t accumulator, const tg_requantizer *by)
{
    int32_t scaled;
    if ((by->limit >> by->pre_shift) < 32767 && by->pre_shift >= 8) {
        int16_t narrow;
        if (by->pre_shift >= 12) { /* so large a shift leaves room above: to the left, and the upper half */
            narrow = (int16_t)((accumulator * ((int32_t)1 << (16 - by->pre_shift))) >> 16);
        } else {
            int32_t lower = accumulator >> 8;
            TG_OPAQUE(lower);
            narrow = (int16_t)(lower >> (by->pre_shift - 8));
        }
        scaled = (int32_t)narrow * by->multiplier;
    } else {
        scaled = (int32_t)(int16_t)TG_SATURATE(accumulator >> by->pre_shift, 16) * by->multiplier;
    }
    scaled += tg_half(by);
    if (by->post_shift == 15) {
        scaled = (scaled * 2) >> 16;
    } else if (by->post_shift >= 8) {
        scaled >>= 8;
        TG_OPAQUE(scaled);
        scaled >>= by->post_shift - 8;
    } else {
        scaled >>= by->post_shift;
    }
    return (int16_t)TG_SATURATE(scaled, 16);
}

static inline int16_t tg_add_16(int16_t a, int16_t b)
{
    return (int16_t)TG_SATURATE((int32_t)a + b, 16);
}
#else
static inline int32_t tg_requantize_16(int32_t accumulator, const tg_requantizer *by)
{
    return tg_requantize(accumulator, by, tg_half(by));
}
#endif

/* Return the next state of one unit of a cell of 16 bits, -32512..32512, from its accumulator, biases (Q11) and state. */
static inline int16_t tg_fastgrnn_unit_16(const tg_fastgrnn_scalars *cell, const uint8_t *table, int32_t accumulator,
                                          int16_t bias_gate, int16_t bias_update, int16_t state)
{
#if defined(__AVR_HAVE_MUL__)
    const int16_t pre = tg_requantize_16(accumulator, &cell->pre);
    return tg_fastgrnn_gated_narrow(cell, table, tg_add_16(pre, bias_gate), tg_add_16(pre, bias_update), state);
#else
    const int32_t pre = tg_requantize_16(accumulator, &cell->pre);
    const int z = tg_gate_curve(table, TG_SATURATE(pre + bias_gate, 16));
    const int c = tg_gate_curve(table, 2 * TG_SATURATE(pre + bias_update, 16));
    return (int16_t)tg_fastgrnn_next(cell, z, c, state, 256);
#endif
}
#endif /* TG_FASTGRNN_16_C */
