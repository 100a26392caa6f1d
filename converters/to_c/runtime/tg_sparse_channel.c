#ifndef TG_SPARSE_CHANNEL_C
#define TG_SPARSE_CHANNEL_C
#include "tg_dsp.c"
#include "tg_scale_run.c"
#include "tg_survivors.c"

#define TG_RUN 32 /* positions whose sums are scaled at once, a multiple of 8 */

#if defined(TG_DSP_ASSEMBLER) || (defined(__ARM_ARCH_6M__) && defined(__GNUC__) && TG_NAKED_IS_BARE)
#define TG_EIGHT_PLANES 1 /* positions at a time, as tg_add_planes_8 does */
#endif

/* Write the sums of 8 or 4 neighbouring positions; entries end with 0. Planes begin at multiples of 4 bytes from each other. */
#if defined(TG_DSP_ASSEMBLER)
/* A word of four positions, which is lost, times the value in r3; r2 is in between. */
#define TG_FOUR_PRODUCTS(word, a, b, c, d) \
    "sxtb16 r2, " word "\n\tsxtb16 " word ", " word ", ror #8\n\t" \
    "smlabb " a ", r2, r3, " a "\n\tsmlabb " b ", " word ", r3, " b "\n\t" \
    "smlatb " c ", r2, r3, " c "\n\tsmlatb " d ", " word ", r3, " d "\n\t"

/* 17 instructions for 8 products; every register but sp is in use. */
TG_NAKED static void tg_add_planes_8(const tg_survivor *entries TG_UNUSED, const int8_t *planes TG_UNUSED,
                                     int32_t *sums TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r2, r4-r11, lr}\n\t"
        "movs r4, #0\n\tmovs r5, #0\n\tmovs r6, #0\n\tmovs r7, #0\n\t"
        "mov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        "ldr r3, [r0], #4\n\tcbz r3, 2f\n"
        "1:\n\t"
        "add r12, r1, r3, lsr #16\n\tldrd r12, lr, [r12]\n\t"
        TG_FOUR_PRODUCTS("r12", "r4", "r5", "r6", "r7")
        TG_FOUR_PRODUCTS("lr", "r8", "r9", "r10", "r11")
        "ldr r3, [r0], #4\n\tcmp r3, #0\n\tbne 1b\n"
        "2:\n\t"
        "pop {r2}\n\tstm r2, {r4-r11}\n\tpop {r4-r11, pc}\n");
}

#if TG_QUICK && defined(TG_FULL_RANGE)
#define TG_SCALES_AT_ONCE 1
typedef struct tg_job tg_job;

/* One output channel at a multiple of 8 neighbouring positions; bias..left are of tg_channel. */
struct tg_job {
    const tg_survivor *entries;
    const int8_t *planes;
    int8_t *out;
    const int8_t *end; /* of the positions in the first plane */
    int32_t bias;
    int32_t multiplier;
    int32_t rounded; /* plus 1, so that doubts are 0 and 1 */
    uint32_t left;
    int32_t (*in_doubt)(int32_t shifted, const tg_job *job);
    const tg_channel *by;
};

/* Return the output for a sum that was shifted to the left, with its bias, where the product's upper word is not enough. */
static int32_t tg_job_in_doubt(int32_t shifted, const tg_job *job)
{
    return tg_scale_channel((shifted >> job->left) - job->bias, job->by);
}

#define TG_SCALE_SUM(sum, number) \
    "lsl " sum ", r3\n\tsmmla r12, " sum ", r1, r2\n\ttst r12, #0xFE\n\tbeq 4" number "f\n\t" \
    "ssat r12, #8, r12, asr #8\n5" number ":\n\tstrb r12, [r0], #1\n\t"
#define TG_SUM_IN_DOUBT(sum, number) "4" number ":\n\tmov r12, " sum "\n\tbl 6f\n\tb 5" number "b\n"

/* As tg_add_planes_8 and tg_scale_run: sums begin with the bias and are scaled where they are, 6 instructions each. */
TG_NAKED static void tg_run_job(tg_job *job TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r0, r4-r11, lr}\n"
        "1:\n\t"
        "ldr r4, [r0, #16]\n\tldrd r0, r1, [r0]\n\t"
        "mov r5, r4\n\tmov r6, r4\n\tmov r7, r4\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        "ldr r3, [r0], #4\n\tcbz r3, 3f\n"
        "2:\n\t"
        "add r12, r1, r3, lsr #16\n\tldrd r12, lr, [r12]\n\t"
        TG_FOUR_PRODUCTS("r12", "r4", "r5", "r6", "r7")
        TG_FOUR_PRODUCTS("lr", "r8", "r9", "r10", "r11")
        "ldr r3, [r0], #4\n\tcmp r3, #0\n\tbne 2b\n"
        "3:\n\t"
        "ldr r12, [sp]\n\tldr r0, [r12, #8]\n\tldrd r1, r2, [r12, #20]\n\tldr r3, [r12, #28]\n\t"
        TG_SCALE_SUM("r4", "0") TG_SCALE_SUM("r5", "1") TG_SCALE_SUM("r6", "2") TG_SCALE_SUM("r7", "3")
        TG_SCALE_SUM("r8", "4") TG_SCALE_SUM("r9", "5") TG_SCALE_SUM("r10", "6") TG_SCALE_SUM("r11", "7")
        "mov r1, r0\n\tldr r0, [sp]\n\tstr r1, [r0, #8]\n\t"
        "ldr r1, [r0, #4]\n\tldr r2, [r0, #12]\n\tadds r1, #8\n\tstr r1, [r0, #4]\n\tcmp r1, r2\n\tblo 1b\n\t"
        "pop {r0, r4-r11, pc}\n"
        TG_SUM_IN_DOUBT("r4", "0") TG_SUM_IN_DOUBT("r5", "1") TG_SUM_IN_DOUBT("r6", "2") TG_SUM_IN_DOUBT("r7", "3")
        TG_SUM_IN_DOUBT("r8", "4") TG_SUM_IN_DOUBT("r9", "5") TG_SUM_IN_DOUBT("r10", "6") TG_SUM_IN_DOUBT("r11", "7")
        "6:\n\t"
        "push {r0-r4, lr}\n\tmov r0, r12\n\tldr r1, [sp, #24]\n\tldr r12, [r1, #32]\n\tblx r12\n\t"
        "mov r12, r0\n\tpop {r0-r4, pc}\n");
}
typedef char tg_job_fits[__builtin_offsetof(tg_job, bias) == 16 && __builtin_offsetof(tg_job, in_doubt) == 32 ? 1 : -1];
#endif

/* 11 instructions for 4 products. */
TG_NAKED static void tg_add_planes_4(const tg_survivor *entries TG_UNUSED, const int8_t *planes TG_UNUSED,
                                     int32_t *sums TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r2, r4-r7, lr}\n\t"
        "movs r4, #0\n\tmovs r5, #0\n\tmovs r6, #0\n\tmovs r7, #0\n\t"
        "ldr r3, [r0], #4\n\tcbz r3, 2f\n"
        "1:\n\t"
        "add r12, r1, r3, lsr #16\n\tldr r12, [r12]\n\t"
        TG_FOUR_PRODUCTS("r12", "r4", "r5", "r6", "r7")
        "ldr r3, [r0], #4\n\tcmp r3, #0\n\tbne 1b\n"
        "2:\n\t"
        "pop {r2}\n\tstm r2, {r4-r7}\n\tpop {r4-r7, pc}\n");
}
#else
#if defined(TG_EIGHT_PLANES)
/* A word of four positions, which stays, times the value in r2; r5 is in between. */
#define TG_FOUR_PRODUCTS(word, a, b, c, d) \
    "sxtb r5, " word "\n\tmuls r5, r2, r5\n\tadd " a ", r5\n\t" \
    "lsls r5, " word ", #16\n\tasrs r5, r5, #24\n\tmuls r5, r2, r5\n\tadd " b ", r5\n\t" \
    "lsls r5, " word ", #8\n\tasrs r5, r5, #24\n\tmuls r5, r2, r5\n\tadd " c ", r5\n\t" \
    "asrs r5, " word ", #24\n\tmuls r5, r2, r5\n\tadd " d ", r5\n\t"

/* 35 instructions for 8 products. */
TG_NAKED static void tg_add_planes_8(const tg_survivor *entries TG_UNUSED, const int8_t *planes TG_UNUSED,
                                     int32_t *sums TG_UNUSED)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r2, r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\tpush {r4-r7}\n\t"
        "movs r6, #0\n\tmovs r7, #0\n\tmov r8, r6\n\tmov r9, r6\n\tmov r10, r6\n\tmov r11, r6\n\t"
        "mov r12, r6\n\tmov lr, r6\n\t"
        "ldm r0!, {r2}\n\tcmp r2, #0\n\tbeq 2f\n"
        "1:\n\t"
        "lsrs r3, r2, #16\n\tadds r3, r3, r1\n\tsxth r2, r2\n\tldm r3, {r3, r4}\n\t"
        TG_FOUR_PRODUCTS("r3", "r6", "r7", "r8", "r9")
        TG_FOUR_PRODUCTS("r4", "r10", "r11", "r12", "lr")
        "ldm r0!, {r2}\n\tcmp r2, #0\n\tbne 1b\n"
        "2:\n\t"
        "ldr r2, [sp, #16]\n\tmov r4, r8\n\tmov r5, r9\n\tstm r2!, {r6, r7}\n\tstm r2!, {r4, r5}\n\t"
        "mov r4, r10\n\tmov r5, r11\n\tmov r6, r12\n\tmov r7, lr\n\tstm r2!, {r4-r7}\n\t"
        "pop {r4-r7}\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\tpop {r2, r4-r7, pc}\n");
}
#endif

static TG_NOINLINE void tg_add_planes_4(const tg_survivor *entries, const int8_t *planes, int32_t *sums)
{
    int32_t first = 0, second = 0, third = 0, fourth = 0;
    tg_survivor entry;
    while ((entry = *entries++) != 0) {
        const int8_t *const plane = planes + tg_survivor_place(entry);
        const int32_t value = tg_survivor_value(entry);
        first += plane[0] * value;
        second += plane[1] * value;
        third += plane[2] * value;
        fourth += plane[3] * value;
    }
    sums[0] = first;
    sums[1] = second;
    sums[2] = third;
    sums[3] = fourth;
}
#endif

#if defined(TG_SCALES_AT_ONCE)
/* One output channel at as many of `count` neighbouring positions as are a multiple of 8; return how many. */
static uint32_t tg_sparse_eights(const tg_channel *by, const tg_survivor *entries, const int8_t *planes, int8_t *out,
                                 uint32_t count)
{
    const uint32_t whole = count & ~7u;
    tg_job job;
    if (whole != 0) {
        job.entries = entries;
        job.planes = planes;
        job.out = out;
        job.end = planes + whole;
        job.bias = by->bias;
        job.multiplier = by->multiplier;
        job.rounded = by->rounded + 1;
        job.left = by->left;
        job.in_doubt = tg_job_in_doubt;
        job.by = by;
        tg_run_job(&job);
    }
    return whole;
}
#endif

/* One output channel at `count` positions, `step` bytes apart; entries end with 0. */
static inline void tg_sparse_channel(const tg_channel *by, const tg_survivor *entries, const int8_t *planes,
                                     int8_t *out, uint32_t step, uint32_t count)
{
    int32_t sums[TG_RUN];
#if defined(TG_SCALES_AT_ONCE)
    if (step == 1) {
        const uint32_t done = tg_sparse_eights(by, entries, planes, out, count);
        out += done;
        planes += done;
        count -= done;
    }
#endif
    while (count != 0) {
        const uint32_t run = count < TG_RUN ? count : TG_RUN;
        uint32_t done;
        for (done = 0; done < run; done += 4) {
#if defined(TG_EIGHT_PLANES)
            if (run - done > 4) {
                tg_add_planes_8(entries, planes + done, sums + done);
                done += 4;
                continue;
            }
#endif
            tg_add_planes_4(entries, planes + done, sums + done);
        }
        tg_scale_run(by, sums, out, step, run);
        out += run * step;
        planes += run;
        count -= run;
    }
}
#endif /* TG_SPARSE_CHANNEL_C */
