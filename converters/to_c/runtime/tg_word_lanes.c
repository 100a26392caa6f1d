#ifndef TG_WORD_LANES_C
#define TG_WORD_LANES_C
#include "tg_dsp.c"

#if !TG_DSP && (defined(__ARM_ARCH_6M__) || defined(TG_NO_LONG_MULTIPLY))
#define TG_WORD_LANES 1
/* Pairs of vectors for a core without DSP whose only product is of 32 bits: first + second * 65536 in a word, so that one
 * product serves both. A core of DSP or with a long multiply has tg_dot_pair.c's other forms.
 */
#define TG_PAIR_BYTES(n) (((n) + 3u) / 4u * 16u)
typedef uint32_t tg_lane;

/* Fill up a pair's n words to a multiple of four. */
static inline void tg_lanes_end(tg_lane *end, uint16_t n)
{
    for (; n & 3u; n++) {
        *end++ = 0;
    }
}

/* Unpack one vector of n int8 into a pair, the first one before the second. */
static void tg_vector_load(tg_lane *lanes, const int8_t *x, uint16_t n, uint32_t second)
{
    const tg_lane *const end = lanes + n;
    if (second) {
        while (lanes != end) {
            *lanes++ += (uint32_t)*x++ << 16;
        }
    } else {
        while (lanes != end) {
            *lanes++ = (uint32_t)*x++;
        }
        tg_lanes_end(lanes, n);
    }
}

/* Add the products of weights from..n - 1 to so many sums. */
static inline void tg_add_lanes(const int8_t *w, const tg_lane *lanes, uint32_t from, uint16_t n, int32_t *sums,
                                uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        int32_t sum = sums[i];
        uint32_t j;
        for (j = from; j < n; j++) {
            const int32_t word = (int32_t)lanes[j];
            sum += w[j] * (i & 1u ? ((word >> 15) + 1) >> 1 : (int16_t)word);
        }
        sums[i] = sum;
        if (i & 1u) {
            lanes += TG_PAIR_BYTES(n) / sizeof *lanes;
        }
    }
}

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__) && TG_NAKED_IS_BARE
#define TG_LANES_ASSEMBLER 1
/* Two weights times two pairs: words of both pairs' products of two weights, S, are each added up as they are, and their
 * upper halves too. S + 32640 has the first sum, -32512..32768, as its lower half without a borrow; 200 taken from the
 * upper half keep it, of the same range, within 16 bits. 20 instructions for 8 products.
 */
#define TG_TWO_WEIGHTS(first, second) \
    "ldm r1!, {r4, r5}\n\tldm r2!, {r6, r7}\n\t" \
    "ldrb r3, [r0, #" first "]\n\tsxtb r3, r3\n\tmuls r4, r3, r4\n\tmuls r6, r3, r6\n\t" \
    "ldrb r3, [r0, #" second "]\n\tsxtb r3, r3\n\tmuls r5, r3, r5\n\tmuls r7, r3, r7\n\t" \
    "adds r4, r4, r5\n\tadd r8, r4\n\tadd r4, r12\n\tasrs r4, r4, #16\n\tadd r9, r4\n\t" \
    "adds r6, r6, r7\n\tadd r10, r6\n\tadd r6, r12\n\tasrs r6, r6, #16\n\tadd r11, r6\n\t"

/* Write the sums of `whole` weights, a multiple of 4 and not 0, times two pairs at a time, up to `end` or three beyond.
 *
 * stride: bytes from the first pair to the second; gap: from the second's last word used to the next pair.
 */
TG_NAKED static void tg_dot_quads(const int8_t *w TG_UNUSED, const tg_lane *lanes TG_UNUSED, uint32_t whole TG_UNUSED,
                                  int32_t *sums TG_UNUSED, uint32_t stride TG_UNUSED, const int32_t *end TG_UNUSED,
                                  uint32_t gap TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\tpush {r4-r7}\n\t"
        "movs r4, #100\n\tmuls r4, r2, r4\n\t" /* what the upper halves will have lost */
        "adds r2, r2, r0\n\tmov lr, r2\n\t"
        "push {r0, r2, r3, r4}\n\t" /* 0: w, 8: sums, 12: lost, 52: stride, 56: end, 60: gap */
        "movs r4, #255\n\tlsls r4, r4, #7\n\tmovs r5, #200\n\tlsls r5, r5, #16\n\tsubs r4, r4, r5\n\tmov r12, r4\n"
        "1:\n\t"
        "ldr r0, [sp]\n\tldr r2, [sp, #52]\n\tadds r2, r2, r1\n\t"
        "movs r4, #0\n\tmov r8, r4\n\tmov r10, r4\n\tldr r4, [sp, #12]\n\tmov r9, r4\n\tmov r11, r4\n"
        "2:\n\t"
        TG_TWO_WEIGHTS("0", "1") TG_TWO_WEIGHTS("2", "3")
        "adds r0, #4\n\tcmp r0, lr\n\tbne 2b\n\t"
        "ldr r3, [sp, #8]\n\t"
        "mov r5, r9\n\tlsls r6, r5, #16\n\tmov r4, r8\n\tsubs r4, r4, r6\n\t"
        "mov r7, r11\n\tlsls r0, r7, #16\n\tmov r6, r10\n\tsubs r6, r6, r0\n\t"
        "stm r3!, {r4-r7}\n\tstr r3, [sp, #8]\n\t"
        "ldr r1, [sp, #60]\n\tadds r1, r1, r2\n\tldr r4, [sp, #56]\n\tcmp r3, r4\n\tblo 1b\n\t"
        "add sp, #16\n\tpop {r4-r7}\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\tpop {r4-r7, pc}\n");
}
#endif

/* Write the sums of a row of n weights times `count` vectors, up to three more of anything; `last`: no row follows. */
static inline void tg_dot_lanes(const int8_t *w, const tg_lane *lanes, uint16_t n, int32_t *sums, uint32_t count,
                                int last TG_UNUSED)
{
    uint32_t from = 0;
#if defined(TG_LANES_ASSEMBLER)
    from = n & ~3u;
    if (from != 0) {
        if (from != n && !last) {
            from += 4; /* the next row's first weights meet zeros */
        }
        /* One pair alone is taken twice. */
        tg_dot_quads(w, lanes, from, sums, count > 2 ? TG_PAIR_BYTES(n) : 0, sums + count, TG_PAIR_BYTES(n) - 4u * from);
    }
#endif
    if (from == 0) {
        uint32_t i;
        for (i = 0; i < count; i++) {
            sums[i] = 0;
        }
    }
    if (from < n) {
        tg_add_lanes(w, lanes, from, n, sums, count);
    }
}
#else
#define TG_WORD_LANES 0
#endif
#endif /* TG_WORD_LANES_C */
