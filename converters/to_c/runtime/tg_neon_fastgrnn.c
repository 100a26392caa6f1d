#ifndef TG_NEON_FASTGRNN_C
#define TG_NEON_FASTGRNN_C
#include "tg_fastgrnn_scalars.c"
#include "tg_neon_dot.c"

/* Add a matrix's products with a vector to sums that stand already: sums[8 * blocks] = (sums << shift) + values . x.
 *
 * values, -127..127: blocks of eight rows; of a block 16 columns after 16, of these two groups of four rows, in a group
 * four columns after four, of these the rows one after another. x, -127..127: 16 * chunks, where the matrix has zeros
 * beyond its columns.
 */
TG_INTO void tg_neon_rows_all(const int8_t *values, uint32_t blocks, uint32_t chunks, const int8_t *x, int32_t *sums,
                              int shift, int dot)
{
    const int32x4_t by = vdupq_n_s32(shift);
    for (; blocks != 0; blocks--, sums += 8) {
        int32x4_t low = vshlq_s32(vld1q_s32(sums), by), high = vshlq_s32(vld1q_s32(sums + 4), by);
        int32x4_t more_low = vdupq_n_s32(0), more_high = vdupq_n_s32(0);
        uint32_t chunk;
        for (chunk = 0; chunk < chunks; chunk++, values += 128) {
            const int8x16_t taken = vld1q_s8(x + 16u * chunk);
            const int8x16x4_t w = vld1q_s8_x4(values), v = vld1q_s8_x4(values + 64);
            TG_DOT_LANE(dot, low, w.val[0], taken, 0);
            TG_DOT_LANE(dot, high, v.val[0], taken, 0);
            TG_DOT_LANE(dot, more_low, w.val[1], taken, 1);
            TG_DOT_LANE(dot, more_high, v.val[1], taken, 1);
            TG_DOT_LANE(dot, low, w.val[2], taken, 2);
            TG_DOT_LANE(dot, high, v.val[2], taken, 2);
            TG_DOT_LANE(dot, more_low, w.val[3], taken, 3);
            TG_DOT_LANE(dot, more_high, v.val[3], taken, 3);
        }
        vst1q_s32(sums, vaddq_s32(low, more_low));
        vst1q_s32(sums + 4, vaddq_s32(high, more_high));
    }
}

static TG_NOINLINE void tg_neon_rows(const int8_t *values, uint32_t blocks, uint32_t chunks, const int8_t *x,
                                     int32_t *sums, int shift)
{
    if (tg_has_dot()) {
        tg_neon_rows_all(values, blocks, chunks, x, sums, shift, 1);
    } else {
        tg_neon_rows_all(values, blocks, chunks, x, sums, shift, 0);
    }
}

/* Return eight accumulators, shifted left by `late` still, scaled and saturated to 16 bits (tg_requantize.c). */
TG_INTO int16x8_t tg_neon_scaled(const int32_t *sums, int late, const tg_requantizer *by)
{
    const int32x4_t left = vdupq_n_s32(late), right = vdupq_n_s32(-by->pre_shift), post = vdupq_n_s32(-by->post_shift);
    const int32x4_t low = vshlq_s32(vshlq_s32(vld1q_s32(sums), left), right);
    const int32x4_t high = vshlq_s32(vshlq_s32(vld1q_s32(sums + 4), left), right);
    const int16x8_t narrow = vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
    const int32x4_t first = vrshlq_s32(vmull_n_s16(vget_low_s16(narrow), by->multiplier), post);
    const int32x4_t second = vrshlq_s32(vmull_n_s16(vget_high_s16(narrow), by->multiplier), post);
    return vcombine_s16(vqmovn_s32(first), vqmovn_s32(second));
}

/* The vector between low-rank factors, -127..127: out[8 * blocks] of sums[8 * blocks]. */
static inline void tg_neon_inner(const int32_t *sums, uint32_t blocks, const tg_requantizer *by, int8_t *out)
{
    for (; blocks != 0; blocks--, sums += 8, out += 8) {
        vst1_s8(out, vmax_s8(vqmovn_s16(tg_neon_scaled(sums, 0, by)), vdup_n_s8(-127)));
    }
}

/* Return the gate curve (tg_gates.c) with the signs of v, of half its magnitude: 0..8191, where it is level.
 *
 * low and rise: of the curve's 32 segments, where each begins and by how much it grows.
 */
TG_INTO int16x8_t tg_neon_curve(int16x8_t v, uint16x8_t half, uint8x16x2_t low, uint8x16x2_t rise)
{
    const uint8x8_t segment = vshrn_n_u16(half, 8), inside = vmovn_u16(half);
    const uint16x8_t risen = vmull_u8(vqtbl2_u8(rise, segment), inside);
    const uint8x8_t curve = vadd_u8(vqtbl2_u8(low, segment), vrshrn_n_u16(risen, 8));
    const int16x8_t sign = vshrq_n_s16(v, 15);
    return vsubq_s16(veorq_s16(vreinterpretq_s16_u16(vmovl_u8(curve)), sign), sign);
}

/* Return biases, int8, shifted left by 0..8 and added to pre-activations, saturated to 16 bits. */
TG_INTO int16x8_t tg_neon_biased(int16x8_t pre, const int8_t *bias, int shift)
{
    return vqaddq_s16(pre, vshlq_s16(vmovl_s8(vld1_s8(bias)), vdupq_n_s16((int16_t)shift)));
}

/* Update 8 * blocks units from their accumulators, shifted left by `late` still: hidden, -32512..32512, and top, its
 * rounded upper bytes. biases: int8 [8 * blocks] of the gate, then as many of the update. table: uint8 [33], tg_gates.c.
 */
static inline void tg_neon_fastgrnn(const tg_fastgrnn_scalars *cell, const int32_t *sums, int late, const int8_t *biases,
                                    const uint8_t *table, int16_t *hidden, int8_t *top, uint32_t blocks)
{
    const uint8x16x2_t low = vld1q_u8_x2(table), next_entry = vld1q_u8_x2(table + 1);
    const uint8x16x2_t rise = {{vsubq_u8(next_entry.val[0], low.val[0]), vsubq_u8(next_entry.val[1], low.val[1])}};
    const int32x4_t zeta_shift = vdupq_n_s32(-cell->zeta_shift);
    const int16x8_t limit = vdupq_n_s16(32512);
    const int8_t *const update_biases = biases + 8u * blocks;
    uint32_t unit;
    for (unit = 0; unit < 8u * blocks; unit += 8) {
        const int16x8_t pre = tg_neon_scaled(sums + unit, late, &cell->pre);
        const int16x8_t gate = tg_neon_biased(pre, biases + unit, cell->bias_gate_shift);
        const int16x8_t update = tg_neon_biased(pre, update_biases + unit, cell->bias_update_shift);
        const uint16x8_t of_gate = vreinterpretq_u16_s16(vqabsq_s16(gate));
        const uint16x8_t of_update = vreinterpretq_u16_s16(vqabsq_s16(update));
        /* z - 1/2 in 1/512, c in 1/256; the update's curve is that of twice its value. */
        const int16x8_t z = tg_neon_curve(gate, vshrq_n_u16(vminq_u16(of_gate, vdupq_n_u16(16383)), 1), low, rise);
        const int16x8_t c = tg_neon_curve(update, vminq_u16(of_update, vdupq_n_u16(8191)), low, rise);
        const uint16x8_t rest = vreinterpretq_u16_s16(vsubq_s16(vdupq_n_s16(256), z));
        const uint32x4_t gain_low = vshlq_u32(vmull_n_u16(vget_low_u16(rest), cell->zeta), zeta_shift);
        const uint32x4_t gain_high = vshlq_u32(vmull_n_u16(vget_high_u16(rest), cell->zeta), zeta_shift);
        const int16x8_t gain = vreinterpretq_s16_u16(vcombine_u16(vmovn_u32(gain_low), vmovn_u32(gain_high)));
        const int16x8_t a = vaddq_s16(gain, vdupq_n_s16(cell->nu));
        const int16x8_t kept = vaddq_s16(z, vdupq_n_s16(256)), state = vld1q_s16(hidden + unit);
        int32x4_t first = vshlq_n_s32(vmull_s16(vget_low_s16(a), vget_low_s16(c)), 2);
        int32x4_t second = vshlq_n_s32(vmull_s16(vget_high_s16(a), vget_high_s16(c)), 2);
        int16x8_t next;
        first = vmlal_s16(first, vget_low_s16(kept), vget_low_s16(state));
        second = vmlal_s16(second, vget_high_s16(kept), vget_high_s16(state));
        next = vcombine_s16(vqrshrn_n_s32(first, 9), vqrshrn_n_s32(second, 9));
        next = vmaxq_s16(vminq_s16(next, limit), vnegq_s16(limit));
        vst1q_s16(hidden + unit, next);
        vst1_s8(top + unit, vrshrn_n_s16(next, 8));
    }
}

/* Normalise 8 * blocks counts as tg_sensor.c does; offset and multiplier int16, shift 1..30. */
static inline void tg_neon_sensor(const int16_t *counts, const int16_t *offset, const int16_t *multiplier, int shift,
                                  int8_t *values, uint32_t blocks)
{
    const int32x4_t right = vdupq_n_s32(-shift);
    uint32_t at;
    for (at = 0; at < 8u * blocks; at += 8) {
        const int16x8_t centred = vqsubq_s16(vld1q_s16(counts + at), vld1q_s16(offset + at));
        const int16x8_t by = vld1q_s16(multiplier + at);
        const int32x4_t first = vrshlq_s32(vmull_s16(vget_low_s16(centred), vget_low_s16(by)), right);
        const int32x4_t second = vrshlq_s32(vmull_s16(vget_high_s16(centred), vget_high_s16(by)), right);
        const int8x8_t narrow = vqmovn_s16(vcombine_s16(vqmovn_s32(first), vqmovn_s32(second)));
        vst1_s8(values + at, vmax_s8(narrow, vdup_n_s8(-127)));
    }
}
#endif /* TG_NEON_FASTGRNN_C */
