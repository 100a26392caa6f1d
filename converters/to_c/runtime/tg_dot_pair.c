#ifndef TG_DOT_PAIR_C
#define TG_DOT_PAIR_C
#include "tg_dsp.c"

/* Two vectors times rows of a dense matrix at once: each weight is fetched once for both.
 *
 * With the DSP extension every four inputs of both vectors lie as int16 in four words, in the order in which SXTB16
 * unpacks bytes (0 2, 1 3), filled up with zeros; without it, the int8 of one vector after those of the other.
 * TG_PAIR_BYTES(n) is what a pair of n inputs takes.
 */
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

/* Unpack one vector of n int8, n 1..65535, into every other two words. */
static void tg_vector_load(tg_lane *lanes, const int8_t *x, uint16_t n)
{
    uint16_t left = n;
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

#define TG_SECOND_VECTOR(lanes, n) ((lanes) + 2)

static inline void tg_multiply_word(uint32_t word, const tg_lane *lanes, tg_pair *sums)
{
    const uint32_t even = TG_SXTB16(word);
    const uint32_t odd = TG_ODD_BYTES(word);
    sums->first = TG_SMLAD(even, lanes[0], sums->first);
    sums->second = TG_SMLAD(even, lanes[2], sums->second);
    sums->first = TG_SMLAD(odd, lanes[1], sums->first);
    sums->second = TG_SMLAD(odd, lanes[3], sums->second);
}

/* Add two rows of n weights each, the second right behind the first, times both vectors. */
static inline void tg_dot_two_rows(const int8_t *w, const tg_lane *lanes, uint16_t n, tg_pair *upper, tg_pair *lower)
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
    *upper = top;
    *lower = bottom;
}

static inline void tg_dot_one_row(const int8_t *w, const tg_lane *lanes, uint16_t n, tg_pair *sums)
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
    *sums = both;
}
#else
#define TG_PAIR_BYTES(n) (((n) * 2u + 3u) & ~3u)
typedef int8_t tg_lane;

static void tg_vector_load(tg_lane *lanes, const int8_t *x, uint16_t n)
{
    const tg_lane *const end = lanes + n;
    while (lanes != end) {
        *lanes++ = *x++;
    }
}

#define TG_SECOND_VECTOR(lanes, n) ((lanes) + (n))

/* A function of its own: three addresses, a count, two sums and two values fill the low registers of an ARMv6-M. */
static TG_NOINLINE tg_pair tg_dot_row(const int8_t *w, const tg_lane *lanes, uint16_t n)
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
        const int32_t weight = TG_READ_I8(w + i); \
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

static inline void tg_dot_one_row(const int8_t *w, const tg_lane *lanes, uint16_t n, tg_pair *sums)
{
    *sums = tg_dot_row(w, lanes, n);
}

static inline void tg_dot_two_rows(const int8_t *w, const tg_lane *lanes, uint16_t n, tg_pair *upper, tg_pair *lower)
{
    tg_dot_one_row(w, lanes, n, upper);
    tg_dot_one_row(w + n, lanes, n, lower);
}
#endif
#endif /* TG_DOT_PAIR_C */
