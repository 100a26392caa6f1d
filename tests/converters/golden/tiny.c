/* tiny: generated source, see tiny.h. SYNTHETIC data. */
#include "tiny.h"

/* What differs between compilers and builds: where constants live, how they are read, what is inlined. */
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

/* The build: fewest bytes, most steps a second, or between. Set TG_PROFILE to choose; -Os alone means the smallest. */
#define TG_SMALLEST 0
#define TG_BALANCED 1
#define TG_FASTEST 2
#ifndef TG_PROFILE
#ifdef __OPTIMIZE_SIZE__
#define TG_PROFILE TG_SMALLEST
#else
#define TG_PROFILE TG_FASTEST
#endif
#endif

#if defined(__GNUC__)
#define TG_NOINLINE __attribute__((noinline))
#define TG_ALWAYS_INLINE __attribute__((always_inline))
#define TG_UNUSED __attribute__((unused))
#define TG_ASSUME(condition) do { if (!(condition)) { __builtin_unreachable(); } } while (0)
#else
#define TG_NOINLINE
#define TG_ALWAYS_INLINE
#define TG_UNUSED
#define TG_ASSUME(condition) ((void)0)
#endif
#if defined(__GNUC__) && (__GNUC__ >= 7 || defined(__clang__))
#define TG_FALL_THROUGH __attribute__((fallthrough));
#else
#define TG_FALL_THROUGH
#endif

/* A function of assembler alone; TG_NAKED_IS_BARE: no compiler option makes the compiler put code of its own before it. */
#if defined(__GNUC__)
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#define TG_NO_GUARD __attribute__((no_stack_protector))
#endif
#if __has_attribute(no_profile_instrument_function)
#define TG_NO_COUNTS __attribute__((no_profile_instrument_function))
#endif
#endif
#if defined(__SSP_ALL__) && !defined(TG_NO_GUARD)
#define TG_NAKED_IS_BARE 0
#else
#define TG_NAKED_IS_BARE 1
#endif
#ifndef TG_NO_GUARD
#define TG_NO_GUARD
#endif
#ifndef TG_NO_COUNTS
#define TG_NO_COUNTS
#endif
#define TG_NAKED __attribute__((naked, noinline, no_instrument_function)) TG_NO_GUARD TG_NO_COUNTS
#endif

/* What several places call: one function in the smaller builds, a copy at each place in the fastest. */
#if TG_PROFILE == TG_FASTEST
#define TG_SHARED static inline TG_ALWAYS_INLINE
#else
#define TG_SHARED static TG_NOINLINE
#endif

#define TG_TWICE static TG_NOINLINE

/* Cores with 32-bit registers get their speed otherwise than those with 8 or 16; cells of 16 bits have one way only. */
#if TG_PROFILE == TG_FASTEST && !defined(__AVR__) && !defined(__MSP430__) && !defined(TG_CELL_16)
#define TG_FAST_32 1
#else
#define TG_FAST_32 0
#endif

/* On AVR the fastest build reads what a unit needs in one run, since one pointer alone reaches the flash. */
#if TG_PROFILE == TG_FASTEST && defined(__AVR_HAVE_LPMX__) && defined(__AVR_HAVE_MOVW__) && !defined(__AVR_3_BYTE_PC__)
#define TG_UNITS_IN_ORDER 1
#define TG_IN_A_PAGE __attribute__((aligned(64))) /* of 256 bytes, for a table of 33 */
#else
#define TG_UNITS_IN_ORDER 0
#define TG_IN_A_PAGE
#endif

/* So does it on ARMv7E-M and RV32IM, to keep everything in registers: columns and values of a row apart there. */
#if TG_FAST_32 && defined(__GNUC__) && (defined(__ARM_FEATURE_DSP) || defined(__riscv_mul) && __riscv_xlen == 32)
#define TG_UNITS_APART 1
#else
#define TG_UNITS_APART 0
#endif

/* Hides a value's origin from the compiler: loops over it are not unrolled, tables near it keep their address. */
#if defined(__GNUC__)
#define TG_OPAQUE(variable) __asm__("" : "+r"(variable))
#else
#define TG_OPAQUE(variable) ((void)0)
#endif

/* The arithmetic below relies on >> of a negative number rounding toward minus infinity. */
typedef char tg_needs_arithmetic_shift[((-3) >> 1) == -2 ? 1 : -1];

#endif

static inline int32_t tg_clip(int32_t value, int32_t low, int32_t high)
{
    return value > high ? high : value < low ? low : value;
}

/* With saturation in the instruction set, a shift before it costs nothing. */
#if defined(__ARM_FEATURE_SAT) && defined(__has_builtin)
#if __has_builtin(__builtin_arm_ssat)
#define TG_SATURATE(value, bits) ((int32_t)__builtin_arm_ssat(value, bits))
#endif
#endif
#ifndef TG_SATURATE
#define TG_SATURATE(value, bits) \
    tg_clip(value, -((int32_t)1 << ((bits) - 1)), ((int32_t)1 << ((bits) - 1)) - 1)
#endif

#if defined(__AVR_HAVE_MUL__) && TG_PROFILE == TG_FASTEST
/* Return sat16(count - offset) * multiplier, multiplier 1..32767. */
static inline int32_t tg_centred_product(int16_t count, int16_t offset, int16_t multiplier)
{
    int32_t product;
    __asm__("sub %A1, %A2\n\t"
            "sbc %B1, %B2\n\t"
            "brvc 1f\n\t"
            "lsl %B1\n\t" /* too far up looks negative */
            "sbc %A1, %A1\n\t"
            "ldi %B1, 0x80\n\t"
            "eor %B1, %A1\n"
            "1:\n\t"
            "clr %A2\n\t"
            "mul %A1, %A3\n\t"
            "movw %A0, r0\n\t"
            "muls %B1, %B3\n\t"
            "movw %C0, r0\n\t"
            "mulsu %B1, %A3\n\t"
            "sbc %D0, %A2\n\t"
            "add %B0, r0\n\t"
            "adc %C0, r1\n\t"
            "adc %D0, %A2\n\t"
            "mul %A1, %B3\n\t"
            "add %B0, r0\n\t"
            "adc %C0, r1\n\t"
            "adc %D0, %A2\n\t"
            "clr r1"
            : "=&r"(product), "+a"(count), "+r"(offset)
            : "a"(multiplier)
            : "r0");
    return product;
}
#else
static inline int32_t tg_centred_product(int16_t count, int16_t offset, int16_t multiplier)
{
    const int32_t centred = (int32_t)count - offset;
    return TG_SATURATE(centred, 16) * multiplier;
}
#endif

/* Normalise one sample: values[channels], -127..127, are ((counts - offset) * multiplier + half) >> shift.
 *
 * counts and offset int16, multiplier 1..32767, shift 1..30, channels at least 1.
 */
static inline void tg_sensor_int8(const int16_t *counts, const int16_t *offset, const int16_t *multiplier, uint8_t shift,
                                  int8_t *values, uint8_t channels)
{
    const int8_t *end = values + channels;
    TG_OPAQUE(offset); /* a loop, not its nine copies with their constants */
    TG_OPAQUE(multiplier);
    TG_OPAQUE(end);
    do {
        const int32_t product = tg_centred_product(*counts, TG_READ_I16(offset), TG_READ_I16(multiplier));
        *values = (int8_t)tg_clip((product + ((int32_t)1 << (shift - 1))) >> shift, -127, 127);
        counts++;
        offset++;
        multiplier++;
    } while (++values != end);
}

/* A real factor as multiplier * 2^-(pre_shift + post_shift), and the largest magnitude of what it scales.
 *
 * pre_shift 0..16, multiplier 1..32767, post_shift 1..30: no product exceeds 31 bits. `limit` is a proven bound, from
 * which the compiler sees where saturation cannot happen.
 */
typedef struct {
    uint8_t pre_shift;
    int16_t multiplier;
    uint8_t post_shift;
    int32_t limit;
} tg_requantizer;

/* Return the accumulator (|accumulator| <= limit) scaled, rounded half up, not yet saturated to 16 bits.
 *
 * half: 2^(post_shift - 1), kept in a register by who calls often.
 */
static inline int32_t tg_scale(int32_t accumulator, const tg_requantizer *by, int32_t half)
{
    int32_t narrow = accumulator >> by->pre_shift;
    if ((by->limit >> by->pre_shift) >= 32767) {
        narrow = TG_SATURATE(narrow, 16);
    }
    return (narrow * by->multiplier + half) >> by->post_shift;
}

static inline int32_t tg_requantize(int32_t accumulator, const tg_requantizer *by, int32_t half)
{
    return TG_SATURATE(tg_scale(accumulator, by, half), 16);
}

static inline int32_t tg_half(const tg_requantizer *by)
{
    return (int32_t)1 << (by->post_shift - 1);
}

/* The scalars of a FastGRNN cell; docs/arithmetic.md has the equations. */
typedef struct {
    tg_requantizer pre;
    uint8_t bias_gate_shift;
    uint8_t bias_update_shift;
    uint8_t zeta; /* 0..255 */
    uint8_t zeta_shift;
    int16_t nu; /* 0..16383 */
} tg_fastgrnn_scalars;

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

#if TG_FAST_32
/* tg_gate_curve with its table unfolded to both signs: more flash, no sign to take off and put back.
 *
 * Segment s covers 0.25 from v = s / 4 - 8. S(s, start, rise): the curve at its beginning in 1/65536, plus what rounds
 * the result half away from zero as the folded table does (half a unit, below zero 1/256 less); the increase over 1/256
 * of the segment.
 */
#define TG_GATE_LIST(S) \
    S(0, -16679168, 0) S(1, -16679168, 0) S(2, -16679168, 0) S(3, -16679168, 0) S(4, -16679168, 0) \
    S(5, -16679168, 0) S(6, -16679168, 0) S(7, -16679168, 0) S(8, -16679168, 256) S(9, -16613632, 0) \
    S(10, -16613632, 256) S(11, -16548096, 0) S(12, -16548096, 256) S(13, -16482560, 512) \
    S(14, -16351488, 256) S(15, -16285952, 512) S(16, -16154880, 768) S(17, -15958272, 768) \
    S(18, -15761664, 1024) S(19, -15499520, 1280) S(20, -15171840, 1792) S(21, -14713088, 2048) \
    S(22, -14188800, 2560) S(23, -13533440, 3072) S(24, -12747008, 3840) S(25, -11763968, 4352) \
    S(26, -10649856, 5376) S(27, -9273600, 6144) S(28, -7700736, 6656) S(29, -5996800, 7424) \
    S(30, -4096256, 7936) S(31, -2064640, 8192) S(32, 32768, 8192) S(33, 2129920, 7936) \
    S(34, 4161536, 7424) S(35, 6062080, 6656) S(36, 7766016, 6144) S(37, 9338880, 5376) \
    S(38, 10715136, 4352) S(39, 11829248, 3840) S(40, 12812288, 3072) S(41, 13598720, 2560) \
    S(42, 14254080, 2048) S(43, 14778368, 1792) S(44, 15237120, 1280) S(45, 15564800, 1024) \
    S(46, 15826944, 768) S(47, 16023552, 768) S(48, 16220160, 512) S(49, 16351232, 256) \
    S(50, 16416768, 512) S(51, 16547840, 256) S(52, 16613376, 0) S(53, 16613376, 256) S(54, 16678912, 0) \
    S(55, 16678912, 256) S(56, 16744448, 0) S(57, 16744448, 0) S(58, 16744448, 0) S(59, 16744448, 0) \
    S(60, 16744448, 0) S(61, 16744448, 0) S(62, 16744448, 0) S(63, 16744448, 0)

/* A segment as a line through place 0: start + rise * place. Places count from -8192, or from 0 where that costs less. */
typedef struct {
    int32_t start;
    int32_t rise;
} tg_gate_segment;

#if defined(__ARM_ARCH_6M__) || defined(__riscv)
#define TG_GATE_BELOW 0
#else
#define TG_GATE_BELOW 32
#endif
#define TG_GATE_SEGMENT(s, start, rise) {(start) - (int32_t)(rise) * 256 * ((s) - TG_GATE_BELOW), rise},
static const tg_gate_segment tg_gate_segments[64] = {TG_GATE_LIST(TG_GATE_SEGMENT)};

/* The curve at 2 * place in Q11, place -8192..8191; middle: the table's entry of zero. */
static inline int32_t tg_gate_wide(const tg_gate_segment *middle, int32_t place)
{
    const tg_gate_segment *segment = middle + (place >> 8);
    return (segment->start + segment->rise * (place + 256 * (32 - TG_GATE_BELOW))) >> 16;
}
#endif

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

#if TG_FAST_32 && defined(__GNUC__) && defined(__ARM_ARCH_6M__)
/* The loop of tg_fastgrnn_update for eight low registers; constants come from the text, addresses from high registers.
 *
 * TG_UPDATE_CELL(name, shift, pre_shift, post_shift, bias_gate_shift, bias_update_shift, zeta, zeta_shift) defines
 * it for one
 * cell, whose bias shifts are at most 6 and whose accumulators need no saturation before the multiplier. */
#define TG_INTO_RANGE(place, next) \
    "lsrs %[b], %[" place "], #14\n\t" \
    "beq " next "f\n\t" \
    "asrs %[" place "], %[" place "], #31\n\t" \
    "mvns %[" place "], %[" place "]\n\t" \
    "lsls %[" place "], %[" place "], #18\n\t" \
    "lsrs %[" place "], %[" place "], #18\n" next ":\n\t"
#define TG_LOOK_UP(place) \
    "lsrs %[b], %[" place "], #8\n\t" \
    "lsls %[b], %[b], #3\n\t" \
    "add %[b], %[segments]\n\t" \
    "ldr %[a], [%[b], #4]\n\t" \
    "ldr %[b], [%[b]]\n\t" \
    "muls %[" place "], %[a], %[" place "]\n\t" \
    "adds %[" place "], %[" place "], %[b]\n\t" \
    "asrs %[" place "], %[" place "], #16\n\t"
#define TG_UPDATE_CELL(name, SHIFT, PRE, POST, GATE, UPDATE, ZETA, ZETA_SHIFT) \
    static inline void name(const tg_fastgrnn_scalars *cell, const int32_t *sums, uint8_t shift, \
                            const int8_t *bias_gate, const int8_t *bias_update, int16_t *hidden, int8_t *top, \
                            uint16_t units) \
    { \
        const int32_t constants[] = {cell->pre.multiplier, cell->nu}; \
        const int32_t *end = sums + units; \
        int32_t a, b, c, d; \
        (void)shift; \
        __asm__ volatile( \
        ".syntax unified\n\t" \
        "1:\n\t" \
        "ldmia %[sums]!, {%[a]}\n\t" \
        ".if " #SHIFT "\n\t" \
        "lsls %[a], %[a], #" #SHIFT "\n\t" \
        ".endif\n\t" \
        ".if " #PRE "\n\t" \
        "asrs %[a], %[a], #" #PRE "\n\t" \
        ".endif\n\t" \
        "mov %[c], %[k]\n\t" \
        "ldr %[b], [%[c]]\n\t" \
        "muls %[a], %[b], %[a]\n\t" \
        "movs %[b], #1\n\t" \
        "lsls %[b], %[b], #" #POST " - 1\n\t" \
        "adds %[a], %[a], %[b]\n\t" \
        "asrs %[a], %[a], #" #POST "\n\t" \
        "mov %[b], %[gate]\n\t" \
        "movs %[d], #0\n\t" \
        "ldrsb %[c], [%[b], %[d]]\n\t" \
        "mov %[d], %[apart]\n\t" \
        "ldrsb %[d], [%[b], %[d]]\n\t" \
        "adds %[b], #1\n\t" \
        "mov %[gate], %[b]\n\t" \
        "lsls %[c], %[c], #" #GATE "\n\t" \
        "adds %[c], %[c], %[a]\n\t" \
        "lsrs %[b], %[c], #31\n\t" \
        "adds %[c], %[c], %[b]\n\t" \
        "asrs %[c], %[c], #1\n\t" \
        "lsls %[d], %[d], #" #UPDATE "\n\t" \
        "adds %[d], %[d], %[a]\n\t" \
        "movs %[a], #32\n\t" \
        "lsls %[a], %[a], #8\n\t" \
        "adds %[c], %[c], %[a]\n\t" \
        "adds %[d], %[d], %[a]\n\t" \
        "mov %[b], %[c]\n\t" \
        "orrs %[b], %[d]\n\t" \
        "lsrs %[b], %[b], #14\n\t" \
        "bne 5f\n\t" \
        "2:\n\t" TG_LOOK_UP("c") TG_LOOK_UP("d") \
        "movs %[a], #" #ZETA "\n\t" \
        "lsls %[b], %[a], #8\n\t" \
        "muls %[a], %[c], %[a]\n\t" \
        "subs %[a], %[b], %[a]\n\t" \
        ".if " #ZETA_SHIFT "\n\t" \
        "asrs %[a], %[a], #" #ZETA_SHIFT "\n\t" \
        ".endif\n\t" \
        "mov %[b], %[k]\n\t" \
        "ldr %[b], [%[b], #4]\n\t" \
        "adds %[a], %[a], %[b]\n\t" \
        "muls %[a], %[d], %[a]\n\t" \
        "adds %[a], #64\n\t" \
        "lsls %[a], %[a], #2\n\t" \
        "movs %[b], #0\n\t" \
        "ldrsh %[b], [%[hidden], %[b]]\n\t" \
        "adds %[c], #255\n\t" \
        "adds %[c], #1\n\t" \
        "muls %[c], %[b], %[c]\n\t" \
        "adds %[c], %[c], %[a]\n\t" \
        "asrs %[c], %[c], #9\n\t" \
        "movs %[a], #127\n\t" \
        "lsls %[a], %[a], #8\n\t" \
        "adds %[b], %[c], %[a]\n\t" \
        "lsls %[d], %[a], #1\n\t" \
        "cmp %[b], %[d]\n\t" \
        "bhi 6f\n\t" \
        "3:\n\t" \
        "strh %[c], [%[hidden]]\n\t" \
        "adds %[hidden], #2\n\t" \
        "adds %[c], #128\n\t" \
        "asrs %[c], %[c], #8\n\t" \
        "strb %[c], [%[top]]\n\t" \
        "adds %[top], #1\n\t" \
        "cmp %[sums], %[end]\n\t" \
        "bne 1b\n\t" \
        "b 9f\n" \
        "5:\n\t" TG_INTO_RANGE("c", "7") TG_INTO_RANGE("d", "8") \
        "b 2b\n\t" \
        "6:\n\t" \
        "asrs %[c], %[c], #31\n\t" \
        "adds %[a], %[a], %[c]\n\t" \
        "eors %[c], %[a]\n\t" \
        "b 3b\n" \
        "9:" \
        : [sums] "+l"(sums), [hidden] "+l"(hidden), [top] "+l"(top), [a] "=&l"(a), [b] "=&l"(b), [c] "=&l"(c), \
          [d] "=&l"(d), [gate] "+h"(bias_gate) \
        : [apart] "h"((uintptr_t)bias_update - (uintptr_t)bias_gate), [k] "h"(constants), \
          [segments] "h"(tg_gate_segments), [end] "h"(end) \
        : "memory", "cc"); \
    }
#else
#define TG_UPDATE_CELL(name, SHIFT, PRE, POST, GATE, UPDATE, ZETA, ZETA_SHIFT) \
    static inline void name(const tg_fastgrnn_scalars *cell, const int32_t *sums, uint8_t shift, \
                            const int8_t *bias_gate, const int8_t *bias_update, int16_t *hidden, int8_t *top, \
                            uint16_t units) \
    { \
        tg_fastgrnn_update(cell, sums, shift, bias_gate, bias_update, hidden, top, units); \
    }
#endif

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
TG_SHARED int32_t tg_dot_rice_int8(tg_rows_rice *rows, const int8_t *x, uint16_t columns)
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
    { 5, 27667, 11, 130048 }, 5, 4, 166, 5, 1409
};

void tiny_init(tiny_state *state)
{
    uint16_t unit;
    for (unit = 0; unit < TINY_HIDDEN; unit++) {
        state->hidden[unit] = 0;
        state->top[unit] = 0;
    }
}

#if TG_FAST_32
TG_UPDATE_CELL(tiny_update, 1, 5, 11, 5, 4, 166, 5)
#endif

void tiny_step(tiny_state *state, const int16_t *counts)
{
#if TG_FAST_32
    int32_t sums[TINY_HIDDEN];
#else
    const int8_t *bias_gate = tiny_bias_gate;
    const int8_t *bias_update = tiny_bias_update;
    int16_t *hidden = state->hidden;
    int8_t *top = state->top;
    tg_rows_rice rnn_w_rows;
    tg_rows_rice rnn_u_rows;
#endif

    tg_sensor_int8(counts, tiny_sensor_offset, tiny_sensor_multiplier, 16, state->input, TINY_CHANNELS);
#if TG_FAST_32
    /* First every row, then every gate: each loop fits the registers, and no row reads a state already updated. */
    {
        int32_t *sum = sums;
        tg_rows_rice rnn_w_rows;
        tg_rows_rice_init(&rnn_w_rows, tiny_rnn_w_index, tiny_rnn_w_values);
        do {
            *sum = tg_dot_rice_int8(&rnn_w_rows, state->input, 2u);
        } while (++sum != sums + TINY_HIDDEN);
    }
    {
        int32_t *sum = sums;
        tg_rows_rice rnn_u_rows;
        tg_rows_rice_init(&rnn_u_rows, tiny_rnn_u_index, tiny_rnn_u_values);
        do {
            *sum = *sum * 2 + tg_dot_rice_int8(&rnn_u_rows, state->top, 3u);
        } while (++sum != sums + TINY_HIDDEN);
    }
    (void)tiny_gate_table; /* unfolded in tg_gate_segments */
    tiny_update(&tiny_cell, sums, 1, tiny_bias_gate, tiny_bias_update, state->hidden, state->top, TINY_HIDDEN);
#else
    tg_rows_rice_init(&rnn_w_rows, tiny_rnn_w_index, tiny_rnn_w_values);
    tg_rows_rice_init(&rnn_u_rows, tiny_rnn_u_index, tiny_rnn_u_values);
    do {
        int32_t accumulator = tg_dot_rice_int8(&rnn_w_rows, state->input, 2u) * 2;
        accumulator += tg_dot_rice_int8(&rnn_u_rows, state->top, 3u);
        *hidden = tg_fastgrnn_unit(&tiny_cell, tiny_gate_table, accumulator * 2,
                                   TG_READ_I8(bias_gate), TG_READ_I8(bias_update), *hidden);
        bias_gate++;
        bias_update++;
    } while (++hidden != state->hidden + TINY_HIDDEN);
    hidden = state->hidden;
    do {
        *top++ = tg_top_byte(*hidden++);
    } while (hidden != state->hidden + TINY_HIDDEN);
#endif
}

uint8_t tiny_predict(tiny_state *state, int32_t *logits)
{
    tg_rows_rice classifier_weights_rows;
    int32_t best = 0;
    uint8_t best_class = 0;
    uint8_t row;

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
