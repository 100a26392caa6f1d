#ifndef TG_SCALE_RUN_C
#define TG_SCALE_RUN_C
#include "tg_dsp.c"
#include "tg_channel_scale.c"

#if defined(TG_DSP_ASSEMBLER) && TG_QUICK && defined(TG_FULL_RANGE)
/* Write the outputs of pairs of sums, two or more before `end`, as tg_scale_channel does, 9 instructions each; return where
 * fewer than two are left, or one is so near to a half that more than the product's upper word decides.
 */
TG_NAKED static const int32_t *tg_scale_pairs(const tg_channel *by TG_UNUSED, const int32_t *sums TG_UNUSED,
                                              const int32_t *end TG_UNUSED, int8_t *out TG_UNUSED,
                                              uint32_t step TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4-r10, lr}\n\t"
        "ldr r12, [sp, #32]\n\tsubs r2, #4\n\t"
        "ldrd r4, r5, [r0]\n\tldrb r6, [r0, #21]\n\tldr r7, [r0, #24]\n\tadds r7, #1\n\t" /* so that doubts are 0 and 1 */
        "b 2f\n"
        "1:\n\t"
        "ldrd r8, r9, [r1]\n\t"
        "add r8, r4\n\tadd r9, r4\n\tlsl r8, r6\n\tlsl r9, r6\n\t"
        "smmla r8, r8, r5, r7\n\tsmmla r9, r9, r5, r7\n\t"
        "tst r8, #0xFE\n\tbeq 3f\n\ttst r9, #0xFE\n\tbeq 3f\n\t"
        "ssat r8, #8, r8, asr #8\n\tssat r9, #8, r9, asr #8\n\t"
        "strb r8, [r3]\n\tstrb r9, [r3, r12]\n\tadd r3, r3, r12, lsl #1\n\t"
        "adds r1, #8\n"
        "2:\n\t"
        "cmp r1, r2\n\tblo 1b\n"
        "3:\n\t"
        "mov r0, r1\n\tpop {r4-r10, pc}\n");
}
typedef char tg_scale_pairs_fits[__builtin_offsetof(tg_channel, left) == 21 && __builtin_offsetof(tg_channel, rounded) == 24 ? 1 : -1];
#endif

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__) && TG_NAKED_IS_BARE && defined(TG_ROUNDS_ONCE)
#define TG_SCALES_SHORT 1
#if defined(TG_QUICK_SCALE)
#define TG_ALL_SHORT 1
#else
#define TG_ALL_SHORT 0
#endif
#define TG_SHORT_SHIFT 6 /* from here on what is left of a sum fits 16 bits, or its output is clipped */

/* How sums of one channel become int8 by one product of 16 and 16 bits, 21 of them fraction. */
typedef struct {
    int32_t bias;
    int32_t multiplier; /* 2^14..2^15, rounded */
    int32_t shift;      /* of the sum: to the right 0..25, or to the left 1..4 */
    int32_t rounded;    /* zero point and a half */
    int32_t low;
    int32_t high;
    const tg_channel *by;
    int8_t (*in_doubt)(int32_t sum, const tg_channel *by);
} tg_short;

static TG_NOINLINE int8_t tg_short_in_doubt(int32_t sum, const tg_channel *by)
{
    return tg_scale_channel(sum, by);
}

/* Write the outputs of the sums before `end`, 1 or more, 21 instructions each.
 *
 * The sum without its low bits lacks less than 2^-6 of an output, the rounded multiplier errs by 2^-7 at most. Where a
 * half is that near, 3 of 100 times, the whole product decides.
 */
#define TG_SCALE_SHORT(name, SHIFT) \
    TG_NAKED static void name(const tg_short *of TG_UNUSED, const int32_t *sums TG_UNUSED, \
                                        const int32_t *end TG_UNUSED, int8_t *out TG_UNUSED, uint32_t step TG_UNUSED) \
    { \
        __asm__ volatile( \
            ".syntax unified\n\t" \
            "push {r4-r7, lr}\n\tmov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\tpush {r0, r4-r7}\n\t" \
            "ldr r4, [sp, #40]\n\tmov lr, r4\n\tmov r12, r2\n\tmovs r2, r1\n\t" \
            "ldr r4, =0x06010000\n\tmov r8, r4\n\tldr r4, =0x08020000\n\tmov r9, r4\n\t" \
            "ldr r4, [r0, #16]\n\tmov r10, r4\n\tldr r4, [r0, #20]\n\tmov r11, r4\n\tldm r0!, {r4-r7}\n" \
            "1:\n\t" \
            "ldm r2!, {r0}\n\tadds r0, r0, r4\n\t" SHIFT " r0, r6\n\t" \
            "sxth r1, r0\n\tcmp r1, r0\n\tbne 5f\n\t" \
            "muls r0, r5, r0\n\tadds r0, r0, r7\n\t" \
            "lsls r1, r0, #11\n\tadd r1, r8\n\tcmp r1, r9\n\tblo 6f\n\t" \
            "asrs r0, r0, #21\n\tcmp r0, r10\n\tblt 3f\n\tcmp r0, r11\n\tbgt 4f\n" \
            "2:\n\t" \
            "strb r0, [r3]\n\tadd r3, lr\n\tcmp r2, r12\n\tbne 1b\n\t" \
            "pop {r0, r4-r7}\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\tpop {r4-r7, pc}\n" \
            "3:\n\tmov r0, r10\n\tb 2b\n" \
            "4:\n\tmov r0, r11\n\tb 2b\n" \
            "5:\n\tcmp r0, #0\n\tbmi 3b\n\tb 4b\n" \
            "6:\n\t" \
            "subs r2, #4\n\tldm r2!, {r0}\n\tmov r1, r12\n\tpush {r1-r4}\n\t" \
            "ldr r2, [sp, #16]\n\tldr r1, [r2, #24]\n\tldr r2, [r2, #28]\n\tblx r2\n\t" \
            "pop {r1-r4}\n\tmov r12, r1\n\tldr r1, [sp, #40]\n\tmov lr, r1\n\tb 2b\n\t" \
            ".ltorg\n"); \
    }
TG_SCALE_SHORT(tg_scale_short, "asrs")
#if defined(TG_QUICK_SCALE)
TG_SCALE_SHORT(tg_scale_shorter, "lsls") /* of sums that are made larger first */
#endif

static inline void tg_scale_shortly(const tg_channel *by, const int32_t *sums, const int32_t *end, int8_t *out,
                                    uint32_t step)
{
    tg_short of;
    of.bias = by->bias;
    of.multiplier = ((by->multiplier >> 15) + 1) >> 1;
    of.rounded = by->zero * (1 << 21) + (1 << 20);
    of.low = by->low;
    of.high = by->high;
    of.by = by;
    of.in_doubt = tg_short_in_doubt;
#if defined(TG_QUICK_SCALE)
    if (by->shift < TG_SHORT_SHIFT) {
        of.shift = TG_SHORT_SHIFT - by->shift;
        tg_scale_shorter(&of, sums, end, out, step);
        return;
    }
#endif
    of.shift = by->shift - TG_SHORT_SHIFT;
    tg_scale_short(&of, sums, end, out, step);
}
#endif

/* Write `count` outputs of one channel, 1 or more, `step` bytes apart. */
static TG_NOINLINE void tg_scale_run(const tg_channel *of, const int32_t *sums, int8_t *out, uint32_t step, uint32_t count)
{
    const int32_t *const end = sums + count;
#if defined(TG_DSP_ASSEMBLER) && TG_QUICK && defined(TG_FULL_RANGE)
    for (;;) {
        const int32_t *const next = tg_scale_pairs(of, sums, end, out, step);
        out += (uint32_t)(next - sums) * step;
        sums = next;
        if (sums == end) {
            return;
        }
        *out = tg_scale_channel(*sums++, of);
        out += step;
    }
#else
    tg_channel by;
#if defined(TG_SCALES_SHORT)
    if (of->multiplier != 0 && (TG_ALL_SHORT || of->shift >= TG_SHORT_SHIFT)) { /* of a factor of 0 all sums are in range */
        tg_scale_shortly(of, sums, end, out, step);
        return;
    }
#endif
    by = *of;
    do {
        *out = tg_scale_channel(*sums++, &by);
        out += step;
    } while (sums != end);
#endif
}
#endif /* TG_SCALE_RUN_C */
