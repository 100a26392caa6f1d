#ifndef TG_DOT_PAIR_C
#define TG_DOT_PAIR_C
#include "tg_dsp.c"
#include "tg_layer.c"
#include "tg_word_lanes.c"

/* Two vectors times rows of a dense matrix at once: each weight is fetched once for both.
 *
 * With the DSP extension every four inputs of both vectors lie as int16 in four words, in the order in which SXTB16
 * unpacks bytes (0 2, 1 3), filled up with zeros; without it, the int8 of one vector after those of the other, or words as
 * tg_word_lanes.c makes them.
 * TG_PAIR_BYTES(n) is what a pair of n inputs takes.
 */
#define TG_BLOCK 8 /* positions, at most, whose sums are made one channel after the other */

typedef struct {
    int32_t first;
    int32_t second;
} tg_pair;

#if TG_DSP
#define TG_PAIR_BYTES(n) (((n) + 3u) / 4u * 16u)
typedef uint32_t tg_lane;

/* Return the last 1..3 bytes, as the low ones of a word. */
static inline uint32_t tg_word_part(const int8_t *bytes, uint16_t count)
{
    uint32_t word = (uint8_t)bytes[0];
    if (count > 1) {
        word |= (uint32_t)(uint8_t)bytes[1] << 8;
    }
    if (count > 2) {
        word |= (uint32_t)(uint8_t)bytes[2] << 16;
    }
    return word;
}

/* Unpack one vector of n int8, n 1..65535, into every other two words of a pair. */
static void tg_vector_load(tg_lane *lanes, const int8_t *x, uint16_t n, uint32_t second)
{
    uint16_t left = n;
    lanes += 2 * second;
    for (; left >= 4; left = (uint16_t)(left - 4u)) {
        const uint32_t word = tg_word_at(x);
        lanes[0] = TG_SXTB16(word);
        lanes[1] = TG_ODD_BYTES(word);
        lanes += 4;
        x += 4;
    }
    if (left != 0) {
        const uint32_t word = tg_word_part(x, left);
        lanes[0] = TG_SXTB16(word);
        lanes[1] = TG_ODD_BYTES(word);
    }
}

static inline void tg_multiply_word(uint32_t word, const tg_lane *lanes, tg_pair *sums)
{
    const uint32_t even = TG_SXTB16(word);
    const uint32_t odd = TG_ODD_BYTES(word);
    sums->first = TG_SMLAD(even, lanes[0], sums->first);
    sums->second = TG_SMLAD(even, lanes[2], sums->second);
    sums->first = TG_SMLAD(odd, lanes[1], sums->first);
    sums->second = TG_SMLAD(odd, lanes[3], sums->second);
}

#if defined(TG_DSP_ASSEMBLER)
/* Write the sums of rows w and w + row, `whole` weights of each, times pairs of vectors, as many as fill the
 * sums up to `end`: those of w + row TG_BLOCK behind. 17 instructions for 16 products; every register but sp is in use.
 */
TG_NAKED static void tg_dot_words(const int8_t *w TG_UNUSED, const tg_lane *lanes TG_UNUSED, uint32_t row TG_UNUSED,
                                  uint32_t whole TG_UNUSED, int32_t *sums TG_UNUSED, const int32_t *end TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r3-r11, lr}\n\t" /* 0: whole, 40: sums, 44: their end */
        "adds r3, r0, r3\n"
        "1:\n\t"
        "movs r4, #0\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n"
        "2:\n\t"
        "ldm r1!, {r4-r7}\n\t"
        "ldr.w r12, [r0, r2]\n\t"
        "sxtb16 lr, r12\n\tsxtb16 r12, r12, ror #8\n\t"
        "smlad r10, lr, r4, r10\n\tsmlad r11, lr, r6, r11\n\t"
        "smlad r10, r12, r5, r10\n\tsmlad r11, r12, r7, r11\n\t"
        "ldr.w r12, [r0], #4\n\t"
        "sxtb16 lr, r12\n\tsxtb16 r12, r12, ror #8\n\t"
        "smlad r8, lr, r4, r8\n\tsmlad r9, lr, r6, r9\n\t"
        "smlad r8, r12, r5, r8\n\tsmlad r9, r12, r7, r9\n\t"
        "cmp r0, r3\n\tbne 2b\n\t"
        "ldrd r4, r5, [sp, #40]\n\tldr r6, [sp]\n\tsubs r0, r3, r6\n\t"
        "strd r10, r11, [r4, #32]\n\tstrd r8, r9, [r4], #8\n\tstr r4, [sp, #40]\n\t" /* 4 * TG_BLOCK */
        "cmp r4, r5\n\tblo 1b\n\t"
        "pop {r3-r11, pc}\n");
}

static inline void tg_add_word(uint32_t word, const tg_lane *lanes, int32_t *sums)
{
    tg_pair both = {0, 0};
    tg_multiply_word(word, lanes, &both);
    sums[0] = (int32_t)((uint32_t)sums[0] + (uint32_t)both.first); /* the second may be of anything, and wrap */
    sums[1] = (int32_t)((uint32_t)sums[1] + (uint32_t)both.second);
}

/* The same of n weights a row, the second row right behind the first. */
static inline void tg_dot_two_rows(TG_TAKES_LAYER const int8_t *w, const tg_lane *lanes, uint16_t n, int32_t *sums)
{
    const uint32_t whole = n & ~3u;
    if (whole != 0) {
        tg_dot_words(w, lanes, n, whole, sums, sums + 2);
    } else {
        sums[0] = sums[1] = sums[TG_BLOCK] = sums[TG_BLOCK + 1] = 0;
    }
    if (n & 3u) {
        tg_add_word(tg_word_part(w + whole, n & 3u), lanes + whole, sums);
        tg_add_word(tg_word_part(w + n + whole, n & 3u), lanes + whole, sums + TG_BLOCK);
    }
}
#else
/* Write the sums of two rows of n weights each times both vectors, those of the second TG_BLOCK behind the first's. */
static inline void tg_dot_two_rows(TG_TAKES_LAYER const int8_t *w, const tg_lane *lanes, uint16_t n, int32_t *sums)
{
    const int8_t *const end = w + (n & ~3u);
    const uint32_t row = n;
    tg_pair top = {0, 0}, bottom = {0, 0};
    while (w != end) {
        const uint32_t a_even = lanes[0], a_odd = lanes[1], b_even = lanes[2], b_odd = lanes[3];
        uint32_t word = tg_word_at(w);
        uint32_t even = TG_SXTB16(word);
        uint32_t odd = TG_ODD_BYTES(word);
        top.first = TG_SMLAD(even, a_even, top.first);
        top.second = TG_SMLAD(even, b_even, top.second);
        word = tg_word_at(w + row);
        top.first = TG_SMLAD(odd, a_odd, top.first);
        top.second = TG_SMLAD(odd, b_odd, top.second);
        even = TG_SXTB16(word);
        odd = TG_ODD_BYTES(word);
        bottom.first = TG_SMLAD(even, a_even, bottom.first);
        bottom.second = TG_SMLAD(even, b_even, bottom.second);
        bottom.first = TG_SMLAD(odd, a_odd, bottom.first);
        bottom.second = TG_SMLAD(odd, b_odd, bottom.second);
        w += 4;
        lanes += 4;
        TG_OPAQUE(w); /* unrolled, it would run out of registers */
    }
    if (n & 3u) {
        tg_multiply_word(tg_word_part(w, n & 3u), lanes, &top);
        tg_multiply_word(tg_word_part(w + row, n & 3u), lanes, &bottom);
    }
    sums[0] = top.first;
    sums[1] = top.second;
    sums[TG_BLOCK] = bottom.first;
    sums[TG_BLOCK + 1] = bottom.second;
}
#endif

static inline void tg_dot_one_row(TG_TAKES_LAYER const int8_t *w, const tg_lane *lanes, uint16_t n, int32_t *sums)
{
    const int8_t *const end = w + (n & ~3u);
    tg_pair both = {0, 0};
    while (w != end) {
        tg_multiply_word(tg_word_at(w), lanes, &both);
        w += 4;
        lanes += 4;
        TG_OPAQUE(w);
    }
    if (n & 3u) {
        tg_multiply_word(tg_word_part(w, n & 3u), lanes, &both);
    }
    sums[0] = both.first;
    sums[1] = both.second;
}
#elif !TG_WORD_LANES
#define TG_PAIR_BYTES(n) (((n) * 2u + 3u) & ~3u)
typedef int8_t tg_lane;

static void tg_vector_load(tg_lane *lanes, const int8_t *x, uint16_t n, uint32_t second)
{
    const tg_lane *end;
    lanes += second * n;
    end = lanes + n;
    while (lanes != end) {
        *lanes++ = *x++;
    }
}

/* A function of its own: three addresses, a count, two sums and two values fill the low registers of an ARMv6-M. */
static TG_NOINLINE tg_pair tg_dot_row(TG_TAKES_LAYER const int8_t *w, const tg_lane *lanes, uint16_t n)
{
    const tg_lane *const others = lanes + n;
    tg_pair sums;
    int32_t first = 0, second = 0;
    uint32_t i = 0;
/* In this order and no other, or the values in between go to the stack. */
#if defined(__GNUC__)
#define TG_IN_ORDER(a, b, c) __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c))
#else
#define TG_IN_ORDER(a, b, c) ((void)0)
#endif
#define TG_MULTIPLY_ONE \
    { \
        const int32_t weight = TG_READ_WEIGHT(w + i); \
        first += weight * lanes[i]; \
        second += weight * others[i]; \
        i++; \
        TG_IN_ORDER(first, second, i); \
    }
    while (i + 4u <= n) {
        TG_MULTIPLY_ONE
        TG_MULTIPLY_ONE
        TG_MULTIPLY_ONE
        TG_MULTIPLY_ONE
    }
    while (i < n) {
        TG_MULTIPLY_ONE
    }
#undef TG_MULTIPLY_ONE
    sums.first = first;
    sums.second = second;
    return sums;
}

static inline void tg_dot_one_row(TG_TAKES_LAYER const int8_t *w, const tg_lane *lanes, uint16_t n, int32_t *sums)
{
    const tg_pair both = tg_dot_row(TG_LAYER w, lanes, n);
    sums[0] = both.first;
    sums[1] = both.second;
}

static inline void tg_dot_two_rows(TG_TAKES_LAYER const int8_t *w, const tg_lane *lanes, uint16_t n, int32_t *sums)
{
    tg_dot_one_row(TG_LAYER w, lanes, n, sums);
    tg_dot_one_row(TG_LAYER w + n, lanes, n, sums + TG_BLOCK);
}
#endif
#endif /* TG_DOT_PAIR_C */
