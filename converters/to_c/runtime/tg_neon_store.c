#ifndef TG_NEON_STORE_C
#define TG_NEON_STORE_C
#include "tg_neon_clamp.c"
#include "tg_neon_narrow.c"

TG_INTO tg_neon_by tg_neon_by_channel(const tg_neon_layer *layer, uint32_t channel)
{
    return tg_neon_by_of(layer, vld1q_dup_s32(layer->multiplier + channel), vld1q_dup_s32(layer->shift + channel));
}

TG_INTO tg_neon_by tg_neon_by_four(const tg_neon_layer *layer, uint32_t channel)
{
    return tg_neon_by_of(layer, vld1q_s32(layer->multiplier + channel), vld1q_s32(layer->shift + channel));
}

/* Return sixteen outputs of four times four sums, biases included. */
TG_INTO int8x16_t tg_neon_outputs(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, const tg_neon_by *by)
{
    int16x8_t first = tg_neon_narrow(tg_neon_scaled(a, by), tg_neon_scaled(b, by));
    int16x8_t second = tg_neon_narrow(tg_neon_scaled(c, by), tg_neon_scaled(d, by));
    int8x16_t both;
    first = vqaddq_s16(first, by->zero);
    second = vqaddq_s16(second, by->zero);
    both = vqmovn_high_s16(vqmovn_s16(first), second);
    return tg_neon_clamped(both, by);
}

/* Store `count` (1..4) positions of four channels that lie side by side. */
TG_INTO void tg_neon_store_few(int8_t *out, int8x16_t outputs, uint32_t count)
{
    if (count >= 4) {
        vst1q_s8(out, outputs);
        return;
    }
    if ((count & 2) != 0) {
        vst1_s8(out, vget_low_s8(outputs));
        outputs = vextq_s8(outputs, outputs, 8);
        out += 8;
    }
    if ((count & 1) != 0) {
        const int32_t last = vgetq_lane_s32(vreinterpretq_s32_s8(outputs), 0);
        __builtin_memcpy(out, &last, sizeof last);
    }
}

/* Store `count` (1 or more, 16 at most are taken) positions of four channels, which are registers of their own. */
TG_INTO void tg_neon_store_part(int8_t *out, int8x16x4_t channels, uint32_t count)
{
    if (count >= 16) {
        vst4q_s8(out, channels);
    } else {
        int8_t part[64];
        const int8_t *from = part;
        vst4q_s8(part, channels);
        for (; count > 4; count -= 4, from += 16, out += 16) {
            vst1q_s8(out, vld1q_s8(from));
        }
        tg_neon_store_few(out, vld1q_s8(from), count);
    }
}
#endif /* TG_NEON_STORE_C */
