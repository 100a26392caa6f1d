#ifndef TG_NEON_PLANES_C
#define TG_NEON_PLANES_C
#include "tg_neon_layer.c"

/* From a map whose channels are together to planes of four channels; flip: 0x80 for pixels, else 0. */
static TG_NOINLINE __attribute__((unused)) void tg_neon_to_planes(const int8_t *map, int8_t *out, uint32_t positions, uint32_t channels, uint8_t flip)
{
    const uint32_t step = tg_plane_bytes(positions);
    uint32_t done = 0, channel;
    if (channels == 3) {
        for (; done + 16 <= positions; done += 16) {
            const int8x16x3_t from = vld3q_s8(map);
            const int8x16_t by = vreinterpretq_s8_u8(vdupq_n_u8(flip));
            int8x16x4_t to;
            to.val[0] = veorq_s8(from.val[0], by);
            to.val[1] = veorq_s8(from.val[1], by);
            to.val[2] = veorq_s8(from.val[2], by);
            to.val[3] = vdupq_n_s8(0);
            vst4q_s8(out, to);
            map += 48;
            out += 64;
        }
    }
    for (; done < positions; done++, out += 4) {
        for (channel = 0; channel < channels; channel++) {
            out[channel / 4u * step + channel % 4u] = (int8_t)(*map++ ^ flip);
        }
    }
}

/* Back again. */
static TG_NOINLINE __attribute__((unused)) void tg_neon_from_planes(const int8_t *planes, int8_t *out, uint32_t positions, uint32_t channels)
{
    const uint32_t step = tg_plane_bytes(positions);
    uint32_t done, channel;
    for (done = 0; done < positions; done++, planes += 4) {
        for (channel = 0; channel < channels; channel++) {
            *out++ = planes[channel / 4u * step + channel % 4u];
        }
    }
}
#endif /* TG_NEON_PLANES_C */
