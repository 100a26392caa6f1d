#ifndef TG_DEPTHWISE3_C
#define TG_DEPTHWISE3_C
#include "tg_dsp.c"
#include "tg_scale_run.c"
#include "tg_window.c"

/* A line holds one row of one channel between borders of padding. */
#if TG_DSP
typedef int16_t tg_line; /* two neighbours are multiplied in one instruction */
#else
typedef int8_t tg_line;
#endif

static inline tg_line *tg_line_fill(tg_line *line, const tg_line *end, int8_t value)
{
    while (line != end) {
        *line++ = value;
    }
    return line;
}

/* Copy one row of one channel into a line; rows beyond the map are all padding. */
static void tg_channel_row(const tg_window *window, const int8_t *channel, int32_t row, tg_line *line, uint32_t width)
{
    const tg_line *const end = line + width;
    if (row >= 0 && row < window->rows) {
        const uint32_t room = width - window->left;
        const uint16_t step = window->channels;
        uint32_t left = window->columns < room ? window->columns : room;
        channel += (uint32_t)row * window->columns * step;
        line = tg_line_fill(line, line + window->left, window->padding);
        for (; left >= 4; left -= 4) {
            line[0] = *channel;
            channel += step;
            line[1] = *channel;
            channel += step;
            line[2] = *channel;
            channel += step;
            line[3] = *channel;
            channel += step;
            line += 4;
        }
        for (; left != 0; left--) {
            *line++ = *channel;
            channel += step;
        }
    }
    tg_line_fill(line, end, window->padding);
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
#define TG_LINES(name, LINE) \
    TG_NAKED static void name(const tg_line *above TG_UNUSED, const tg_line *at TG_UNUSED, \
        const tg_line *below TG_UNUSED, int32_t *sums TG_UNUSED, const int32_t *end TG_UNUSED, \
        const uint32_t pairs[6] TG_UNUSED) \
    { \
        __asm__ volatile( \
            ".syntax unified\n\t" \
            "push {r4-r11, lr}\n\tldr r12, [sp, #40]\n\tldm r12, {r4-r9}\n" \
            "1:\n\t" \
            LINE("r0", "r4", "r5", TG_BEGIN) LINE("r1", "r6", "r7", TG_ON) LINE("r2", "r8", "r9", TG_ON) \
            "strd r12, lr, [r3], #8\n\tldr r10, [sp, #36]\n\tcmp r3, r10\n\tblo 1b\n\t" \
            "pop {r4-r11, pc}\n"); \
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
#define tg_lines_1(above, at, below, sums, end, pairs) tg_lines(lines, sums, end, pairs, 1)
#define tg_lines_2(above, at, below, sums, end, pairs) tg_lines(lines, sums, end, pairs, 2)
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
#if TG_DSP
    if (stride == 1) {
        tg_lines_1(above, at, below, sums, end, filter->pairs);
        return;
    }
    if (stride == 2) {
        tg_lines_2(above, at, below, sums, end, filter->pairs);
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

#define TG_SUMS 32 /* kept before they are scaled, or one row's where that is more */

/* A 3x3 depthwise convolution without dilation, channel by channel: three padded lines of a channel are kept aside, so
 * every input is copied before its place is overwritten where `out` is `map` and has neither more rows nor more columns.
 *
 * work: TG_SUMS + 1 sums, or columns_out + 1 where that is more, then three lines, each of (columns_out + 1) * stride + 2
 * values of 16 bits.
 */
static TG_NOINLINE void tg_depthwise3(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                      const int8_t *map, int8_t *out, uint32_t *work)
{
    const uint32_t columns = (window->columns_out + 1u) & ~1u;
    const uint32_t width = columns * window->stride_columns + 2u;
    const uint32_t room = columns > TG_SUMS ? columns : TG_SUMS;
    int32_t *const sums = (int32_t *)work;
    uint16_t channel;
    for (channel = 0; channel < window->channels; channel++) {
        const tg_channel by = tg_channel_of(layer, channel);
        const tg_filter filter = tg_filter_of(weights);
        uint32_t used = 0;
        tg_line *lines[3];
        int32_t next = -(int32_t)window->top; /* first row not yet in a line */
        int8_t *at = out + channel;
        uint16_t row;
        uint8_t i;
        for (i = 0; i < 3; i++) {
            lines[i] = (tg_line *)(work + room + 2u) + i * width;
        }
        for (row = 0; row < window->rows_out; row++) {
            const int32_t last = (int32_t)row * window->stride_rows - window->top + 2;
            for (; next <= last; next++) {
                tg_line *const oldest = lines[0];
                lines[0] = lines[1];
                lines[1] = lines[2];
                lines[2] = oldest;
                tg_channel_row(window, map + channel, next, oldest, width);
            }
            tg_depthwise_sums(window, &filter, (const tg_line *const *)lines, sums + used);
            used += window->columns_out;
            if (used + window->columns_out > room || row + 1u == window->rows_out) {
                tg_scale_run(&by, sums, at, window->channels, used);
                at += used * window->channels;
                used = 0;
            }
        }
        weights += 9;
    }
}
#endif /* TG_DEPTHWISE3_C */
