#ifndef TG_NEON_DEPTHWISE3_C
#define TG_NEON_DEPTHWISE3_C
#include "tg_neon_dot.c"
#include "tg_neon_store.c"
#include "tg_window.c"

/* Four positions of four channels of up to four rows, turned: each register holds one position, in its lanes the
 * channels, in each lane the rows.
 */
static inline int8x16x4_t tg_neon_columns(int8x16_t a, int8x16_t b, int8x16_t c, int8x16_t d)
{
    const int16x8_t ab_low = vreinterpretq_s16_s8(vzip1q_s8(a, b)), ab_high = vreinterpretq_s16_s8(vzip2q_s8(a, b));
    const int16x8_t cd_low = vreinterpretq_s16_s8(vzip1q_s8(c, d)), cd_high = vreinterpretq_s16_s8(vzip2q_s8(c, d));
    int8x16x4_t found;
    found.val[0] = vreinterpretq_s8_s16(vzip1q_s16(ab_low, cd_low));
    found.val[1] = vreinterpretq_s8_s16(vzip2q_s16(ab_low, cd_low));
    found.val[2] = vreinterpretq_s8_s16(vzip1q_s16(ab_high, cd_high));
    found.val[3] = vreinterpretq_s8_s16(vzip2q_s16(ab_high, cd_high));
    return found;
}

/* Copy a plane with its border into `to`, rows of `pitch` positions; writes and reads up to 63 bytes further. */
static inline void tg_neon_bordered(const tg_window *window, const int8_t *plane, int8_t *to, uint32_t rows,
                                    uint32_t pitch)
{
    const int8x16_t border = vdupq_n_s8(window->padding);
    const uint32_t width = 4u * window->columns;
    uint32_t row, at;
    for (row = 0; row < rows; row++, to += 4u * pitch) {
        const int32_t y = (int32_t)row - window->top;
        uint32_t end = 0;
        if (y >= 0 && y < window->rows) {
            const int8_t *const from = plane + (uint32_t)y * width;
            int8_t *const inside = to + 4u * window->left;
            vst1q_s8(to, border);
            for (at = 0; at < width; at += 64) {
                vst1q_s8_x4(inside + at, vld1q_s8_x4(from + at));
            }
            end = 4u * window->left + width;
        }
        for (; end < 4u * pitch; end += 16) {
            vst1q_s8(to + end, border);
        }
    }
}

#define TG_TAPS(sums, w, left, middle, right) \
    sums = bias; \
    TG_DOT(dot, sums, left, w[0]); \
    TG_DOT(dot, sums, middle, w[1]); \
    TG_DOT(dot, sums, right, w[2])

/* Four positions of one row, from columns `now` and `next`. */
#define TG_FOUR_OUTPUTS(w, out) \
    TG_TAPS(a, w, now.val[0], now.val[1], now.val[2]); \
    TG_TAPS(b, w, now.val[1], now.val[2], now.val[3]); \
    TG_TAPS(c, w, now.val[2], now.val[3], next.val[0]); \
    TG_TAPS(d, w, now.val[3], next.val[0], next.val[1]); \
    tg_neon_store_few(out, tg_neon_outputs(a, b, c, d, by), columns);

/* Two rows of outputs, one position a step: `above` and, where `both`, `below`. w: for the upper row, v: the lower. */
TG_INTO void tg_neon_depthwise_two(const int8_t *in, uint32_t pitch, int8_t *above,
                                                          int8_t *below, uint32_t columns, const int8x16_t *w,
                                                          const int8x16_t *v, int32x4_t bias, const tg_neon_by *by,
                                                          int both, int dot)
{
    const uint32_t line = 4u * pitch;
    int8x16x4_t now = tg_neon_columns(vld1q_s8(in), vld1q_s8(in + line), vld1q_s8(in + 2u * line),
                                      vld1q_s8(in + 3u * line));
    for (;;) {
        int8x16x4_t next;
        int32x4_t a, b, c, d;
        in += 16;
        next = tg_neon_columns(vld1q_s8(in), vld1q_s8(in + line), vld1q_s8(in + 2u * line), vld1q_s8(in + 3u * line));
        TG_FOUR_OUTPUTS(w, above)
        above += 16;
        if (both) {
            TG_FOUR_OUTPUTS(v, below)
            below += 16;
        }
        if (columns <= 4) {
            return;
        }
        columns -= 4;
        now = next;
    }
}

/* One row of outputs, two positions a step. */
TG_INTO void tg_neon_depthwise_half(const int8_t *in, uint32_t pitch, int8_t *out,
                                                           uint32_t columns, const int8x16_t *w, int32x4_t bias,
                                                           const tg_neon_by *by, int dot)
{
    const uint32_t line = 4u * pitch;
    const int8x16_t none = vdupq_n_s8(0);
    int8x16x4_t now = tg_neon_columns(vld1q_s8(in), vld1q_s8(in + line), vld1q_s8(in + 2u * line), none);
    for (;;) {
        int8x16x4_t middle, next;
        int32x4_t a, b, c, d;
        middle = tg_neon_columns(vld1q_s8(in + 16), vld1q_s8(in + line + 16), vld1q_s8(in + 2u * line + 16), none);
        in += 32;
        next = tg_neon_columns(vld1q_s8(in), vld1q_s8(in + line), vld1q_s8(in + 2u * line), none);
        TG_TAPS(a, w, now.val[0], now.val[1], now.val[2]);
        TG_TAPS(b, w, now.val[2], now.val[3], middle.val[0]);
        TG_TAPS(c, w, middle.val[0], middle.val[1], middle.val[2]);
        TG_TAPS(d, w, middle.val[2], middle.val[3], next.val[0]);
        tg_neon_store_few(out, tg_neon_outputs(a, b, c, d, by), columns);
        if (columns <= 4) {
            return;
        }
        out += 16;
        columns -= 4;
        now = next;
    }
}

TG_INTO void tg_neon_depthwise_all(const tg_neon_layer *layer, const tg_window *window,
                                                          const int8_t *map, int8_t *out, int8_t *work, int dot)
{
    const uint32_t in_step = tg_plane_bytes((uint32_t)window->rows * window->columns);
    const uint32_t out_step = tg_plane_bytes((uint32_t)window->rows_out * window->columns_out);
    const uint32_t stride = window->stride_rows, width = 4u * window->columns_out;
    const uint32_t pitch = ((uint32_t)window->columns_out + 3u) / 4u * 4u * stride + 4u;
    const uint32_t rows = stride * (window->rows_out - 1u) + 3u + (stride == 1u);
    uint32_t block, row;
    for (block = 0; block < layer->blocks; block++, map += in_step, out += out_step) {
        const int8x16x3_t upper = vld1q_s8_x3(layer->values + 48u * block);
        const int32x4_t bias = vld1q_s32(layer->bias + 4u * block);
        const tg_neon_by by = tg_neon_by_four(layer, 4u * block);
        int8x16_t lower[3];
        int tap;
        for (tap = 0; tap < 3; tap++) {
            lower[tap] = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(upper.val[tap]), 8));
        }
        tg_neon_bordered(window, map, work, rows, pitch);
        for (row = 0; row < window->rows_out; row++) {
            const int8_t *const in = work + 4u * pitch * stride * row;
            int8_t *const to = out + row * width;
            if (stride == 2u) {
                tg_neon_depthwise_half(in, pitch, to, window->columns_out, upper.val, bias, &by, dot);
            } else if (row + 1u < window->rows_out) {
                tg_neon_depthwise_two(in, pitch, to, to + width, window->columns_out, upper.val, lower, bias, &by, 1,
                                      dot);
                row++;
            } else {
                tg_neon_depthwise_two(in, pitch, to, 0, window->columns_out, upper.val, lower, bias, &by, 0, dot);
            }
        }
    }
}

/* A depthwise convolution of 3 x 3 neighbours at steps of one or two, borders of two at most.
 *
 * values: [channels / 4][columns of the kernel][4 channels][its three rows and a 0]. work: one plane with its border.
 */
static TG_NOINLINE void tg_neon_depthwise3(const tg_neon_layer *layer, const tg_window *window, const int8_t *map,
                                           int8_t *out, uint32_t *work)
{
    if (tg_has_dot()) {
        tg_neon_depthwise_all(layer, window, map, out, (int8_t *)work, 1);
    } else {
        tg_neon_depthwise_all(layer, window, map, out, (int8_t *)work, 0);
    }
}
#endif /* TG_NEON_DEPTHWISE3_C */
