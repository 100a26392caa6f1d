#ifndef TG_SCALE_RUN_C
#define TG_SCALE_RUN_C
#include "tg_dsp.c"
#include "tg_channel_scale.c"
#include "tg_scale_estimate.c"

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
    const tg_channel by = *of;
#if TG_ESTIMATES
    tg_estimate estimate;
    if (tg_estimate_of(&by, &estimate)) {
        estimate.end = end;
        estimate.step = step;
        for (;;) {
            const int32_t *const next = tg_scale_by_estimate(&estimate, sums, out);
            out += (uint32_t)(next - sums) * step;
            sums = next;
            if (sums == end) {
                return;
            }
            *out = tg_scale_channel(*sums++, &by);
            out += step;
            if (sums == end) {
                return;
            }
        }
    }
#endif
    do {
        *out = tg_scale_channel(*sums++, &by);
        out += step;
    } while (sums != end);
#endif
}
#endif /* TG_SCALE_RUN_C */
