/* tiny: generated source, see tiny.h. SYNTHETIC data. */
#include "tiny.h"

/* What differs between compilers: where constants live and how they are read. */
#ifndef TG_PLATFORM_H
#define TG_PLATFORM_H

#include <stdint.h>

#if defined(__AVR__)
#include <avr/pgmspace.h>
#define TG_FLASH PROGMEM
#define TG_READ_U8(address) pgm_read_byte(address)
#define TG_READ_I8(address) ((int8_t)pgm_read_byte(address))
#define TG_READ_I16(address) ((int16_t)pgm_read_word(address))
#define TG_READ_I32(address) ((int32_t)pgm_read_dword(address))
#else
#define TG_FLASH
#define TG_READ_U8(address) (*(address))
#define TG_READ_I8(address) (*(address))
#define TG_READ_I16(address) (*(address))
#define TG_READ_I32(address) (*(address))
#endif

/* The arithmetic below relies on >> of a negative number rounding toward minus infinity. */
typedef char tg_needs_arithmetic_shift[((-3) >> 1) == -2 ? 1 : -1];

#endif

static inline int16_t tg_saturate16(int32_t value)
{
    if (value > 32767) {
        return 32767;
    }
    return value < -32768 ? (int16_t)-32768 : (int16_t)value;
}

static inline int8_t tg_clip127(int32_t value)
{
    if (value > 127) {
        return 127;
    }
    return value < -127 ? (int8_t)-127 : (int8_t)value;
}

/* Scale an accumulator by multiplier * 2^-(pre_shift + post_shift), rounded half up, saturated to 16 bits.
 *
 * pre_shift 0..16, multiplier 1..32767, post_shift 1..30: no product exceeds 31 bits.
 */
static inline int16_t tg_requantize(int32_t accumulator, uint8_t pre_shift, int16_t multiplier, uint8_t post_shift)
{
    const int32_t product = (int32_t)tg_saturate16(accumulator >> pre_shift) * multiplier;
    return tg_saturate16((product + ((int32_t)1 << (post_shift - 1))) >> post_shift);
}

/* Return one channel's normalised value, -127..127: ((counts - offset) * multiplier + half) >> shift.
 *
 * counts and offset int16, multiplier 1..32767, shift 1..30.
 */
static inline int8_t tg_sensor_int8(int16_t counts, int16_t offset, int16_t multiplier, uint8_t shift)
{
    const int32_t product = (int32_t)tg_saturate16((int32_t)counts - offset) * multiplier;
    return tg_clip127((product + ((int32_t)1 << (shift - 1))) >> shift);
}

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

/* Reads a stream of bits, least significant bit first, one byte of look-ahead at most.
 *
 * next: next unread byte; window: bits read but not taken, 0..2^have - 1; have: their number, 0..15.
 */
typedef struct {
    const uint8_t *next;
    uint16_t window;
    uint8_t have;
} tg_bits;

/* Return the next count bits, count 0..8. */
static inline uint16_t tg_bits_take(tg_bits *bits, uint8_t count)
{
    uint16_t taken;
    if (bits->have < count) {
        bits->window = (uint16_t)(bits->window | (uint16_t)((uint16_t)TG_READ_U8(bits->next) << bits->have));
        bits->next++;
        bits->have = (uint8_t)(bits->have + 8u);
    }
    taken = (uint16_t)(bits->window & (uint16_t)((1u << count) - 1u));
    bits->window = (uint16_t)(bits->window >> count);
    bits->have = (uint8_t)(bits->have - count);
    return taken;
}

/* Rows of a matrix stored as Rice-coded gaps and the int8 values of the survivors.
 *
 * The first byte of the stream is the parameter k (0..15). A gap is gap >> k ones, a zero, then its k low bits, least
 * significant first. next: column of the next survivor, counted from the start of the next row. A last gap runs to
 * the end of the matrix, so no row reads beyond the stream.
 */
typedef struct {
    tg_bits bits;
    const int8_t *values;
    uint16_t next;
    uint8_t k;
} tg_rows_rice;

static inline uint16_t tg_rice_gap(tg_bits *bits, uint8_t k)
{
    uint16_t gap = 0;
    while (tg_bits_take(bits, 1) != 0) {
        gap++;
    }
    if (k > 8) {
        gap = (uint16_t)(gap << k);
        gap = (uint16_t)(gap + tg_bits_take(bits, 8));
        return (uint16_t)(gap + (uint16_t)(tg_bits_take(bits, (uint8_t)(k - 8u)) << 8));
    }
    return (uint16_t)((uint16_t)(gap << k) + tg_bits_take(bits, k));
}

static inline void tg_rows_rice_init(tg_rows_rice *rows, const uint8_t *index, const int8_t *values)
{
    rows->k = TG_READ_U8(index);
    rows->bits.next = index + 1;
    rows->bits.window = 0;
    rows->bits.have = 0;
    rows->values = values;
    rows->next = tg_rice_gap(&rows->bits, rows->k);
}

/* Return the product of the next row with x[columns], x -127..127. */
static inline int32_t tg_dot_rice_int8(tg_rows_rice *rows, const int8_t *x, uint16_t columns)
{
    tg_bits bits = rows->bits;
    const int8_t *values = rows->values;
    const uint8_t k = rows->k;
    uint16_t next = rows->next;
    int32_t sum = 0;
    while (next < columns) {
        sum += (int16_t)TG_READ_I8(values) * (int16_t)x[next];
        values++;
        next = (uint16_t)(next + 1u + tg_rice_gap(&bits, k));
    }
    rows->bits = bits;
    rows->values = values;
    rows->next = (uint16_t)(next - columns);
    return sum;
}

/* input offset, one a channel */
static const int16_t tiny_sensor_offset[2] TG_FLASH = {
    -300, -277,
};

/* input multiplier, one a channel */
static const int16_t tiny_sensor_multiplier[2] TG_FLASH = {
    496, 1139,
};

/* rnn.W: 3 x 2, 3 nonzero, rice */
static const uint8_t tiny_rnn_w_index[2] TG_FLASH = {
    0, 44,
};

/* rnn.W: int8 values */
static const int8_t tiny_rnn_w_values[3] TG_FLASH = {
    120, 93, 112,
};

/* rnn.U: 3 x 3, 3 nonzero, rice */
static const uint8_t tiny_rnn_u_index[3] TG_FLASH = {
    0, 179, 1,
};

/* rnn.U: int8 values */
static const int8_t tiny_rnn_u_values[3] TG_FLASH = {
    86, -23, -111,
};

/* classifier.weights: 2 x 3, 2 nonzero, rice */
static const uint8_t tiny_classifier_weights_index[2] TG_FLASH = {
    0, 29,
};

/* classifier.weights: int8 values */
static const int8_t tiny_classifier_weights_values[2] TG_FLASH = {
    120, -52,
};

/* one a hidden unit */
static const int8_t tiny_bias_gate[3] TG_FLASH = {
    19, 109, 23,
};

/* one a hidden unit */
static const int8_t tiny_bias_update[3] TG_FLASH = {
    -82, -9, 28,
};

/* round(256 tanh(i / 8)) */
static const uint8_t tiny_gate_table[33] TG_FLASH = {
    0, 32, 63, 92, 118, 142, 163, 180, 195, 207, 217, 225, 232, 237, 241, 244, 247, 249, 250, 252, 253,
    253, 254, 254, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

/* one a class */
static const int16_t tiny_classifier_bias[2] TG_FLASH = {
    1535, -601,
};

static const tg_fastgrnn_scalars tiny_cell = {
    5, 27667, 11, 5, 4, 166, 5, 1409
};

static void tiny_take_top(tiny_state *state)
{
    uint16_t unit;
    for (unit = 0; unit < TINY_HIDDEN; unit++) {
        state->top[unit] = tg_top_byte(state->hidden[unit]);
    }
}

void tiny_init(tiny_state *state)
{
    uint16_t unit;
    for (unit = 0; unit < TINY_HIDDEN; unit++) {
        state->hidden[unit] = 0;
    }
}

void tiny_step(tiny_state *state, const int16_t *counts)
{
    int8_t x[TINY_CHANNELS];
    tg_rows_rice rnn_w_rows;
    tg_rows_rice rnn_u_rows;
    uint16_t unit;

    for (unit = 0; unit < TINY_CHANNELS; unit++) {
        x[unit] = tg_sensor_int8(counts[unit], TG_READ_I16(&tiny_sensor_offset[unit]),
                                 TG_READ_I16(&tiny_sensor_multiplier[unit]), 16);
    }
    tiny_take_top(state);
    tg_rows_rice_init(&rnn_w_rows, tiny_rnn_w_index, tiny_rnn_w_values);
    tg_rows_rice_init(&rnn_u_rows, tiny_rnn_u_index, tiny_rnn_u_values);
    for (unit = 0; unit < TINY_HIDDEN; unit++) {
        const int32_t accumulator = tg_dot_rice_int8(&rnn_w_rows, x, 2u) * 4
                                    + tg_dot_rice_int8(&rnn_u_rows, state->top, 3u) * 2;
        state->hidden[unit] = tg_fastgrnn_update(&tiny_cell, tiny_gate_table, accumulator,
                                                 TG_READ_I8(&tiny_bias_gate[unit]),
                                                 TG_READ_I8(&tiny_bias_update[unit]), state->hidden[unit]);
    }
}

uint8_t tiny_predict(tiny_state *state, int32_t *logits)
{
    tg_rows_rice classifier_weights_rows;
    int32_t best = 0;
    uint8_t best_class = 0;
    uint8_t row;

    tiny_take_top(state);
    tg_rows_rice_init(&classifier_weights_rows, tiny_classifier_weights_index, tiny_classifier_weights_values);
    for (row = 0; row < TINY_CLASSES; row++) {
        const int32_t logit = tg_dot_rice_int8(&classifier_weights_rows, state->top, 3u) + TG_READ_I16(&tiny_classifier_bias[row]);
        if (logits) {
            logits[row] = logit;
        }
        if (row == 0 || logit > best) {
            best = logit;
            best_class = row;
        }
    }
    return best_class;
}

uint8_t tiny_classify(tiny_state *state, const int16_t *window, uint16_t steps, int32_t *logits)
{
    tiny_init(state);
    for (; steps != 0; steps--) {
        tiny_step(state, window);
        window += TINY_CHANNELS;
    }
    return tiny_predict(state, logits);
}
