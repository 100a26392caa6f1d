#ifndef TG_DOT_PAIR_C
#define TG_DOT_PAIR_C
#include "tg_platform.h"

/* Two vectors times rows of a dense matrix at once: each weight is fetched once for both.
 *
 * With the DSP extension a vector holds int16 in the order 0 2 1 3 of every four, as SXTB16 unpacks bytes, filled up
 * with zeros; without it, the int8 themselves. TG_VECTOR_BYTES(n) is what a vector of n takes.
 */
#if defined(__ARM_FEATURE_DSP) && defined(__has_builtin)
#if __has_builtin(__builtin_arm_smlad) && __has_builtin(__builtin_arm_sxtb16)
#define TG_DSP 1
#endif
#endif
#if defined(TG_DSP)
#define TG_SMLAD(a, b, sum) __builtin_arm_smlad((int32_t)(a), (int32_t)(b), sum)
#define TG_SXTB16(word) ((uint32_t)__builtin_arm_sxtb16((int32_t)(word)))
#elif defined(TG_DSP_EMULATED)
#define TG_DSP 1
static inline int32_t TG_SMLAD(uint32_t a, uint32_t b, int32_t sum)
{
    return sum + (int16_t)a * (int16_t)b + (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static inline uint32_t TG_SXTB16(uint32_t word)
{
    return ((uint32_t)(int8_t)word & 0xFFFFu) | (uint32_t)(int8_t)(word >> 16) << 16;
}
#else
#define TG_DSP 0
#endif

typedef struct {
    int32_t first;
    int32_t second;
} tg_pair;

#if TG_DSP
#define TG_VECTOR_BYTES(n) (((n) + 3u) / 4u * 8u)
typedef uint32_t tg_lane;

/* Return four bytes of an address of any alignment. */
static inline uint32_t tg_word_at(const int8_t *bytes)
{
    uint32_t word;
    __builtin_memcpy(&word, bytes, sizeof word);
    return word;
}

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

/* Unpack n int8, n 1..65535, into a vector. */
static void tg_vector_load(tg_lane *vector, const int8_t *x, uint16_t n)
{
    uint16_t left = n;
    for (; left >= 4; left = (uint16_t)(left - 4u)) {
        const uint32_t word = tg_word_at(x);
        *vector++ = TG_SXTB16(word);
        *vector++ = TG_SXTB16(word >> 8 | word << 24);
        x += 4;
    }
    if (left != 0) {
        const uint32_t word = tg_word_part(x, left);
        *vector++ = TG_SXTB16(word);
        *vector++ = TG_SXTB16(word >> 8 | word << 24);
    }
}

#define TG_MULTIPLY_WORD(weights, a_even, a_odd, b_even, b_odd, sums) \
    do { \
        const uint32_t word_ = (weights); \
        const uint32_t even_ = TG_SXTB16(word_); \
        const uint32_t odd_ = TG_SXTB16(word_ >> 8 | word_ << 24); \
        (sums).first = TG_SMLAD(even_, a_even, (sums).first); \
        (sums).second = TG_SMLAD(even_, b_even, (sums).second); \
        (sums).first = TG_SMLAD(odd_, a_odd, (sums).first); \
        (sums).second = TG_SMLAD(odd_, b_odd, (sums).second); \
    } while (0)

/* Add two rows of n weights each, the second n bytes after the first, times vectors a and b. */
static inline void tg_dot_two_rows(const int8_t *w, const tg_lane *a, const tg_lane *b, uint16_t n, tg_pair *upper,
                                   tg_pair *lower)
{
    const int8_t *v = w + n;
    const int8_t *const end = w + (n & ~3u);
    tg_pair top = *upper, bottom = *lower;
    while (w != end) {
        const uint32_t a_even = a[0], a_odd = a[1], b_even = b[0], b_odd = b[1];
        TG_MULTIPLY_WORD(tg_word_at(w), a_even, a_odd, b_even, b_odd, top);
        TG_MULTIPLY_WORD(tg_word_at(v), a_even, a_odd, b_even, b_odd, bottom);
        w += 4;
        v += 4;
        a += 2;
        b += 2;
    }
    if (n & 3u) {
        TG_MULTIPLY_WORD(tg_word_part(w, n & 3u), a[0], a[1], b[0], b[1], top);
        TG_MULTIPLY_WORD(tg_word_part(v, n & 3u), a[0], a[1], b[0], b[1], bottom);
    }
    *upper = top;
    *lower = bottom;
}

static inline void tg_dot_one_row(const int8_t *w, const tg_lane *a, const tg_lane *b, uint16_t n, tg_pair *sums)
{
    const int8_t *const end = w + (n & ~3u);
    for (; w != end; w += 4) {
        TG_MULTIPLY_WORD(tg_word_at(w), a[0], a[1], b[0], b[1], *sums);
        a += 2;
        b += 2;
    }
    if (n & 3u) {
        TG_MULTIPLY_WORD(tg_word_part(w, n & 3u), a[0], a[1], b[0], b[1], *sums);
    }
}
#else
#define TG_VECTOR_BYTES(n) (((n) + 3u) & ~3u)
typedef int8_t tg_lane;

static void tg_vector_load(tg_lane *vector, const int8_t *x, uint16_t n)
{
    const tg_lane *end = vector + n;
    while (vector != end) {
        *vector++ = *x++;
    }
}

static inline void tg_dot_one_row(const int8_t *w, const tg_lane *a, const tg_lane *b, uint16_t n, tg_pair *sums)
{
    int32_t first = sums->first, second = sums->second;
    uint16_t i;
    for (i = 0; i < n; i++) {
        const int16_t weight = TG_READ_I8(w + i);
        first += weight * (int16_t)a[i];
        second += weight * (int16_t)b[i];
    }
    sums->first = first;
    sums->second = second;
}

static inline void tg_dot_two_rows(const int8_t *w, const tg_lane *a, const tg_lane *b, uint16_t n, tg_pair *upper,
                                   tg_pair *lower)
{
    tg_dot_one_row(w, a, b, n, upper);
    tg_dot_one_row(w + n, a, b, n, lower);
}
#endif
#endif /* TG_DOT_PAIR_C */
