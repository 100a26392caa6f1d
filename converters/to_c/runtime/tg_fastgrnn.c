#include "tg_gates.c"
#include "tg_platform.h"
#include "tg_requantize.c"

/* The scalars of a FastGRNN cell; docs/arithmetic.md has the equations. */
typedef struct {
    uint8_t pre_shift;
    int16_t multiplier;
    uint8_t post_shift;
    uint8_t bias_gate_shift;
    uint8_t bias_update_shift;
    uint8_t zeta; /* 0..255 */
    uint8_t zeta_shift;
    int16_t nu; /* 0..16383 */
} tg_fastgrnn_scalars;

/* Return the rounded upper byte of the state, -127..127; state -32512..32512. */
static inline int8_t tg_top_byte(int16_t state)
{
    return (int8_t)(((int32_t)state + 128) >> 8);
}

/* Return the next state of one unit, -32512..32512, from its accumulator, biases (int8) and state. */
static inline int16_t tg_fastgrnn_update(const tg_fastgrnn_scalars *cell, const uint8_t *table, int32_t accumulator,
                                         int8_t bias_gate, int8_t bias_update, int16_t state)
{
    const int32_t pre = tg_requantize(accumulator, cell->pre_shift, cell->multiplier, cell->post_shift);
    const int16_t z = tg_sigmoid_q9(table, tg_saturate16(pre + bias_gate * ((int32_t)1 << cell->bias_gate_shift)));
    const int16_t c = tg_tanh_q8(table, tg_saturate16(pre + bias_update * ((int32_t)1 << cell->bias_update_shift)));
    const int32_t a = (((int32_t)cell->zeta * (512 - z)) >> cell->zeta_shift) + cell->nu;
    const int32_t next = ((int32_t)z * state + 4 * a * c + 256) >> 9;
    if (next > 32512) {
        return 32512;
    }
    return next < -32512 ? (int16_t)-32512 : (int16_t)next;
}
