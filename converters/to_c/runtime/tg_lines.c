#ifndef TG_LINES_C
#define TG_LINES_C
#include "tg_dsp.c"
#include "tg_layer.c"
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
#if defined(__AVR__)
    int8_t weights[9];
#else
    const int8_t *weights;
#endif
#if TG_DSP
    uint32_t pairs[6];
#endif
} tg_filter;

static inline tg_filter tg_filter_of(TG_TAKES_LAYER const int8_t *weights)
{
    tg_filter found;
#if defined(__AVR__)
    uint8_t i;
    for (i = 0; i < 9; i++) {
        found.weights[i] = TG_READ_WEIGHT(weights + i);
    }
#else
    found.weights = weights;
#endif
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
        /* One product fits the int of a 16-bit core, their sum does not. */
        int32_t sum = (int32_t)(above[0] * w[0]) + above[1] * w[1] + above[2] * w[2];
        sum += (int32_t)(at[0] * w[3]) + at[1] * w[4] + at[2] * w[5];
        *sums++ = sum + below[0] * w[6] + below[1] * w[7] + below[2] * w[8];
        above += stride;
        at += stride;
        below += stride;
    }
}
#endif /* TG_LINES_C */
