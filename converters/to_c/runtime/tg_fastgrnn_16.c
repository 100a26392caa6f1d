#ifndef TG_FASTGRNN_16_C
#define TG_FASTGRNN_16_C
#include "tg_requantize_16.c"
#include "tg_fastgrnn.c"
#include "tg_gates.c"
#include "tg_platform.h"

/* Return the next state of one unit of a cell of 16 bits, -32512..32512, from its accumulator, biases (Q11) and state. */
static inline int16_t tg_fastgrnn_unit_16(const tg_fastgrnn_scalars *cell, const uint8_t *table, int32_t accumulator,
                                          int16_t bias_gate, int16_t bias_update, int16_t state)
{
    const int16_t pre = tg_requantize_16(accumulator, &cell->pre);
    const int16_t gate = tg_add_16(pre, bias_gate);
    const int16_t update = tg_add_16(pre, bias_update);
#if defined(__AVR_HAVE_MUL__)
    return tg_fastgrnn_gated_narrow(cell, table, gate, update, state);
#else
    const int z = tg_gate_curve(table, gate);
    const int c = tg_gate_curve(table, 2 * (int32_t)update);
    return (int16_t)tg_fastgrnn_next(cell, z, c, state, 256);
#endif
}
#endif /* TG_FASTGRNN_16_C */
