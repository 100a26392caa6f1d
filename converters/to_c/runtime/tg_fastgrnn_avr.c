#ifndef TG_FASTGRNN_AVR_C
#define TG_FASTGRNN_AVR_C
#include "tg_fastgrnn_scalars.c"
#include "tg_platform.h"
#include "tg_requantize.c"

#if defined(__AVR__) && defined(__AVR_HAVE_MUL__)
/* The cell on 8-bit registers: every number as narrow as its range allows. docs/arithmetic.md has the equations.
 *
 * Magnitudes and signs go apart, since 8 x 8 bits unsigned is what the core multiplies.
 */

/* Return a * b, 0..2^24 - 1. */
static inline uint32_t tg_product_u16_u8(uint16_t a, uint8_t b)
{
    __extension__ __uint24 product;
    __asm__("mul %A1, %2\n\t"
            "movw %A0, r0\n\t"
            "clr %C0\n\t"
            "mul %B1, %2\n\t"
            "add %B0, r0\n\t"
            "adc %C0, r1\n\t"
            "clr r1"
            : "=&r"(product)
            : "r"(a), "r"(b)
            : "r0");
    return product;
}

/* Return t(magnitude / 2^14 * 8) in 0..255 from half the magnitude in Q11: segment in the upper byte, fraction below. */
static inline uint8_t tg_gate_point(const uint8_t *table, uint16_t place)
{
    const uint8_t *entry = table + (uint8_t)(place >> 8);
    const uint8_t low = TG_READ_U8(entry);
    const uint8_t rise = (uint8_t)(TG_READ_U8(entry + 1) - low);
    const uint16_t product = (uint16_t)(rise * (uint8_t)place);
    return (uint8_t)(low + (uint8_t)((uint16_t)(product + 128u) >> 8));
}

static inline uint16_t tg_magnitude(int16_t value)
{
    return value < 0 ? (uint16_t)(0u - (uint16_t)value) : (uint16_t)value;
}

/* Return the accumulator scaled and rounded, clipped to -24576..24576: beyond, every gate is level whatever its bias
 * (at most 127 * 2^6).
 */
static inline int16_t tg_requantize_narrow(int32_t accumulator, const tg_requantizer *by)
{
    int32_t scaled;
    if (by->pre_shift >= 8 && by->limit < 8388608) {
        int16_t narrow = (int16_t)(accumulator >> 8);
        TG_OPAQUE(narrow);
        scaled = (int32_t)(int16_t)(narrow >> (by->pre_shift - 8)) * by->multiplier + tg_half(by);
    } else {
        scaled = tg_clip(accumulator >> by->pre_shift, -32768, 32767) * by->multiplier + tg_half(by);
    }
    if (by->post_shift >= 8) {
        scaled >>= 8;
        TG_OPAQUE(scaled);
        scaled >>= by->post_shift - 8;
    } else {
        scaled >>= by->post_shift;
    }
    return scaled > 24576 ? (int16_t)24576 : scaled < -24576 ? (int16_t)-24576 : (int16_t)scaled;
}

/* Return the next state of one unit from what enters its gate and its update, Q11. */
static inline int16_t tg_fastgrnn_gated_narrow(const tg_fastgrnn_scalars *cell, const uint8_t *table, int16_t gate,
                                               int16_t update, int16_t state)
{
    const uint16_t gate_size = tg_magnitude(gate);
    const uint16_t update_size = tg_magnitude(update);
    const uint8_t z = gate_size >= 16384u ? TG_READ_U8(table + 32) : tg_gate_point(table, (uint16_t)(gate_size >> 1));
    const uint8_t c = update_size >= 8192u ? TG_READ_U8(table + 32) : tg_gate_point(table, update_size);
    const uint16_t zeta_z = (uint16_t)(cell->zeta * z);
    uint16_t a;
    int32_t next;
    uint32_t kept;

    /* zeta * (512 - sigmoid) needs 17 bits; half of it, rounded as the whole would be, 16. */
    if (cell->zeta_shift == 0) {
        a = (uint16_t)(cell->zeta * (uint16_t)256 + (gate < 0 ? zeta_z : (uint16_t)-zeta_z));
    } else if (gate < 0) {
        a = (uint16_t)((uint16_t)(cell->zeta * 128u + (zeta_z >> 1)) >> (cell->zeta_shift - 1));
    } else {
        a = (uint16_t)((uint16_t)(cell->zeta * 128u - (uint16_t)((uint16_t)(zeta_z + 1u) >> 1)) >> (cell->zeta_shift - 1));
    }
    a = (uint16_t)((uint16_t)(a + (uint16_t)cell->nu) << 2);

    kept = tg_product_u16_u8(tg_magnitude(state), z);
    next = (int32_t)state * 256 + 256;
    next += ((state < 0) != (gate < 0)) ? -(int32_t)kept : (int32_t)kept;
    kept = tg_product_u16_u8(a, c);
    next += update < 0 ? -(int32_t)kept : (int32_t)kept;
    next >>= 8;
    TG_OPAQUE(next);
    next >>= 1;
    return next > 32512 ? (int16_t)32512 : next < -32512 ? (int16_t)-32512 : (int16_t)next;
}

/* Return the next state of one unit, as tg_fastgrnn_update does; bias shifts at most 6. */
static inline int16_t tg_fastgrnn_update_narrow(const tg_fastgrnn_scalars *cell, const uint8_t *table, int16_t pre,
                                                int8_t bias_gate, int8_t bias_update, int16_t state)
{
    const int16_t gate = (int16_t)(pre + bias_gate * (1 << cell->bias_gate_shift));
    const int16_t update = (int16_t)(pre + bias_update * (1 << cell->bias_update_shift));
    return tg_fastgrnn_gated_narrow(cell, table, gate, update, state);
}
#endif
#endif /* TG_FASTGRNN_AVR_C */
