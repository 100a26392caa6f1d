#ifndef TG_BAND_C
#define TG_BAND_C
#include "tg_dsp.c"
#include "tg_map.c"
#include "tg_scale_run.c"
#include "tg_window.c"

/* A line holds one row of one channel between borders of padding. */
#if TG_DSP
typedef int16_t tg_line; /* two neighbours are multiplied in one instruction */
#else
typedef int8_t tg_line;
#endif

static inline void tg_line_fill(tg_line *line, const tg_line *end, int8_t value)
{
    while (line != end) {
        *line++ = value;
    }
}

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

#if TG_DSP
/* Return two int16, the first in the lower half. */
static inline uint32_t tg_halves(int32_t first, int32_t second)
{
    return (uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16;
}

/* The nine weights, neighbours of a row together: 0 1, 1 2, 3 4, 4 5, 6 7, 7 8. */
static inline void tg_weight_pairs(const int8_t *w, uint32_t pairs[6])
{
    uint8_t i;
    for (i = 0; i < 3; i++) {
        pairs[0] = tg_halves(w[0], w[1]);
        pairs[1] = tg_halves(w[1], w[2]);
        pairs += 2;
        w += 3;
    }
}

#if defined(TG_DSP_ASSEMBLER)
/* Two neighbouring outputs: a line's part for a stride of 1 and 2; r12 and lr sums, r10 and r11 what is read. */
#define TG_LINE_1(line, early, late, first) \
    "ldrd r10, r11, [" line "], #4\n\t" \
    first("r12", "r10", early) "smlabt r12, r11, " late ", r12\n\t" \
    first##_TOP("lr", "r10", early) "smlad lr, r11, " late ", lr\n\t"
#define TG_LINE_2(line, early, late, first) \
    "ldrd r10, r11, [" line "], #8\n\t" \
    first("r12", "r10", early) "smlabt r12, r11, " late ", r12\n\t" \
    first("lr", "r11", early) "ldr r10, [" line "]\n\tsmlabt lr, r10, " late ", lr\n\t"
#define TG_BEGIN(sum, x, w) "smuad " sum ", " x ", " w "\n\t"
#define TG_BEGIN_TOP(sum, x, w) "smultb " sum ", " x ", " w "\n\t"
#define TG_ON(sum, x, w) "smlad " sum ", " x ", " w ", " sum "\n\t"
#define TG_ON_TOP(sum, x, w) "smlatb " sum ", " x ", " w ", " sum "\n\t"
/* Sums of `rows` rows of outputs from lines of line_bytes: sum_bytes a row, a multiple of 4. advance: from the end of a
 * row's last pair to the next row, in the lines.
 */
#define TG_LINES(name, LINE) \
    TG_NAKED static void name(const tg_line *lines TG_UNUSED, uint32_t line_bytes TG_UNUSED, \
        uint32_t sum_bytes TG_UNUSED, int32_t *sums TG_UNUSED, uint32_t rows TG_UNUSED, \
        const uint32_t pairs[6] TG_UNUSED, uint32_t advance TG_UNUSED) \
    { \
        __asm__ volatile( \
            ".syntax unified\n\t" \
            "push {r2-r11, lr}\n\t" /* 0: sum_bytes, 4: end of the row's sums, 44: rows, 48: pairs, 52: advance */ \
            "add r2, r0, r1, lsl #1\n\tadd r1, r0, r1\n\tldr r12, [sp, #48]\n\tldm r12, {r4-r9}\n" \
            "1:\n\t" \
            "ldr r10, [sp]\n\tadd r10, r3\n\tstr r10, [sp, #4]\n" \
            "2:\n\t" \
            LINE("r0", "r4", "r5", TG_BEGIN) LINE("r1", "r6", "r7", TG_ON) LINE("r2", "r8", "r9", TG_ON) \
            "strd r12, lr, [r3], #8\n\tldr r10, [sp, #4]\n\tcmp r3, r10\n\tblo 2b\n\t" \
            "mov r3, r10\n\tldr r10, [sp, #52]\n\tadd r0, r10\n\tadd r1, r10\n\tadd r2, r10\n\t" \
            "ldr r10, [sp, #44]\n\tsubs r10, #1\n\tstr r10, [sp, #44]\n\tbne 1b\n\t" \
            "pop {r2-r11, pc}\n"); \
    }
TG_LINES(tg_lines_1, TG_LINE_1)
TG_LINES(tg_lines_2, TG_LINE_2)
#else
static inline void tg_lines(const tg_line *const lines[3], int32_t *sums, const int32_t *end, const uint32_t pairs[6],
                            uint32_t stride)
{
    uint32_t x;
    for (x = 0; sums < end; x += stride) {
        uint8_t i;
        int32_t sum = 0;
        for (i = 0; i < 3; i++) {
            const uint32_t early = tg_halves(lines[i][x], lines[i][x + 1]);
            sum = TG_SMLAD(early, pairs[2 * i], sum) + lines[i][x + 2] * (int16_t)(pairs[2 * i + 1] >> 16);
        }
        *sums++ = sum;
    }
}
#endif
#endif

/* What is the same for every row of a channel. */
typedef struct {
    const int8_t *weights;
#if TG_DSP
    uint32_t pairs[6];
#endif
} tg_filter;

static inline tg_filter tg_filter_of(const int8_t *weights)
{
    tg_filter found;
    found.weights = weights;
#if TG_DSP
    tg_weight_pairs(weights, found.pairs);
#endif
    return found;
}

/* The sums of one output row of one channel, rounded up to an even count where the stride is 1 or 2. */
static inline void tg_depthwise_sums(const tg_window *window, const tg_filter *filter, const tg_line *const lines[3],
                                     int32_t *sums)
{
    const int32_t *const end = sums + window->columns_out;
    const uint8_t stride = window->stride_columns;
    const int8_t *const w = filter->weights;
    const tg_line *above = lines[0], *at = lines[1], *below = lines[2];
#if TG_DSP && !defined(TG_DSP_ASSEMBLER)
    if (stride <= 2) {
        tg_lines(lines, sums, end, filter->pairs, stride);
        return;
    }
#endif
    while (sums != end) {
        int32_t sum = above[0] * w[0] + above[1] * w[1] + above[2] * w[2];
        sum += at[0] * w[3] + at[1] * w[4] + at[2] * w[5];
        *sums++ = sum + below[0] * w[6] + below[1] * w[7] + below[2] * w[8];
        above += stride;
        at += stride;
        below += stride;
    }
}

/* Rows of outputs that are made at once from their lines, in work space that the converter measured: (rows of outputs - 1)
 * * stride + 3 lines, each of (columns_out rounded up to even) * stride + 2 values of 16 bits, behind the sums and one word
 * more.
 */
typedef struct {
    int32_t *sums;
    tg_line *lines;
    uint32_t width; /* of a line */
    uint16_t rows;  /* of outputs, at most */
    uint16_t count; /* of lines */
} tg_band;

/* Return the work space with padding in all lines, whose borders stay. */
static tg_band tg_band_of(const tg_window *window, uint16_t rows, uint32_t *work)
{
    tg_band band;
    band.rows = rows;
    band.count = (uint16_t)((rows - 1u) * window->stride_rows + 3u);
    band.width = ((window->columns_out + 1u) & ~1u) * window->stride_columns + 2u;
    band.sums = (int32_t *)work;
    band.lines = (tg_line *)(work + (uint32_t)rows * window->columns_out + 1u);
    tg_line_fill(band.lines, band.lines + band.count * band.width, window->padding);
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
