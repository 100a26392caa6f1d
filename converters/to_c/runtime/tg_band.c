#ifndef TG_BAND_C
#define TG_BAND_C
#include "tg_lines.c"
#include "tg_map.c"
#include "tg_scale_run.c"

#if defined(TG_DSP_ASSEMBLER)
/* Unpack so many rows, 1 or more, of neighbouring bytes into lines: four bytes in 9 instructions. */
TG_NAKED static void tg_unpack_rows(tg_line *line TG_UNUSED, const int8_t *row TG_UNUSED, uint32_t columns TG_UNUSED,
                                    uint32_t rows TG_UNUSED, uint32_t line_bytes TG_UNUSED, uint32_t row_step TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4-r9, lr}\n\tldrd r8, r9, [sp, #28]\n"
        "1:\n\t"
        "mov r4, r0\n\tmov r5, r1\n\tsubs r6, r2, #4\n\tblo 3f\n"
        "2:\n\t"
        "ldr r12, [r5], #4\n\tsxtb16 lr, r12\n\tsxtb16 r12, r12, ror #8\n\t"
        "pkhbt r7, lr, r12, lsl #16\n\tpkhtb r12, r12, lr, asr #16\n\t"
        "str r7, [r4], #4\n\tstr r12, [r4], #4\n\tsubs r6, #4\n\tbhs 2b\n"
        "3:\n\t"
        "adds r6, #4\n\tbeq 5f\n"
        "4:\n\t"
        "ldrsb r12, [r5], #1\n\tstrh r12, [r4], #2\n\tsubs r6, #1\n\tbne 4b\n"
        "5:\n\t"
        "add r0, r8\n\tadd r1, r9\n\tsubs r3, #1\n\tbne 1b\n\t"
        "pop {r4-r9, pc}\n");
}
#endif

/* Copy so many rows of a channel, their values `step` bytes apart, into lines. */
static void tg_copy_rows(tg_line *line, const int8_t *row, uint32_t step, uint32_t columns, uint32_t rows, uint32_t width,
                         uint32_t row_step)
{
#if defined(TG_DSP_ASSEMBLER)
    if (step == 1) {
        tg_unpack_rows(line, row, columns, rows, 2u * width, row_step);
        return;
    }
#endif
    for (; rows != 0; rows--) {
        const int8_t *value = row;
        tg_line *next = line;
        uint32_t left = columns;
        for (; left >= 4; left -= 4) {
            next[0] = *value;
            value += step;
            next[1] = *value;
            value += step;
            next[2] = *value;
            value += step;
            next[3] = *value;
            value += step;
            next += 4;
        }
        for (; left != 0; left--) {
            *next++ = *value;
            value += step;
        }
        line += width;
        row += row_step;
    }
}

/* Rows of outputs that are made at once from their lines, in work space that the converter measured: behind the sums and
 * one word more (rows - 1) * stride + 3 lines, each of (columns_out rounded up to even) * stride + 2 values of 16 bits.
 */
typedef struct {
    int32_t *sums;
    tg_line *lines;
    uint32_t width; /* of a line */
} tg_band;

/* Return the work space with padding in all lines, whose borders stay. */
static tg_band tg_band_of(const tg_window *window, uint16_t rows, uint32_t *work)
{
    const uint32_t lines = (rows - 1u) * window->stride_rows + 3u;
    tg_band band;
    band.width = ((window->columns_out + 1u) & ~1u) * window->stride_columns + 2u;
    band.sums = (int32_t *)work;
    band.lines = (tg_line *)(work + (uint32_t)rows * window->columns_out + 1u);
    tg_line_fill(band.lines, band.lines + lines * band.width, window->padding);
    return band;
}

/* Fill so many lines, from number `line` on, with rows of a channel from `y` on; rows beyond the map are padding. */
static void tg_band_fill(const tg_band *band, const tg_window *window, uint32_t line, int32_t y, uint32_t count,
                         const int8_t *channel, uint32_t step, uint32_t row_step)
{
    tg_line *inner = band->lines + line * band->width + window->left;
    const uint32_t room = band->width - window->left;
    const uint32_t columns = window->columns < room ? window->columns : room;
    uint32_t rows;
    for (; count != 0 && y < 0; count--) {
        tg_line_fill(inner, inner + columns, window->padding);
        inner += band->width;
        y++;
    }
    rows = y < (int32_t)window->rows ? (uint32_t)(window->rows - y) : 0;
    rows = rows < count ? rows : count;
    if (rows != 0) {
        tg_copy_rows(inner, channel + (uint32_t)y * row_step, step, columns, rows, band->width, row_step);
        inner += rows * band->width;
    }
    for (count -= rows; count != 0; count--) {
        tg_line_fill(inner, inner + columns, window->padding);
        inner += band->width;
    }
}

/* Keep the last lines of a band, if it has more than `past`, as the first of the next one. */
static inline void tg_band_move(const tg_band *band, uint32_t past, uint32_t lines)
{
    tg_line *to = band->lines;
    const tg_line *from = to + past * band->width;
    const tg_line *const end = band->lines + lines * band->width;
    while (from < end) {
        *to++ = *from++;
    }
}

/* The sums of so many rows of outputs of one channel. */
static void tg_band_sums(const tg_band *band, const tg_window *window, const tg_filter *filter, uint32_t rows)
{
    const uint32_t row_step = band->width * window->stride_rows;
    const tg_line *line = band->lines;
    int32_t *sums = band->sums;
#if defined(TG_DSP_ASSEMBLER)
    const uint32_t advance = 2u * (row_step - band->width + 2u);
    if (window->stride_columns == 1) {
        tg_lines_1(line, 2u * band->width, 4u * window->columns_out, sums, rows, filter->pairs, advance);
        return;
    }
    if (window->stride_columns == 2) {
        tg_lines_2(line, 2u * band->width, 4u * window->columns_out, sums, rows, filter->pairs, advance);
        return;
    }
#endif
    for (; rows != 0; rows--) {
        const tg_line *lines[3];
        lines[0] = line;
        lines[1] = line + band->width;
        lines[2] = lines[1] + band->width;
        tg_depthwise_sums(window, filter, lines, sums);
        sums += window->columns_out;
        line += row_step;
    }
}
#endif /* TG_BAND_C */
