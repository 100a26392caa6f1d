#ifndef TG_SCALE_RUN_C
#define TG_SCALE_RUN_C
#include "tg_channel_scale.c"

/* Write `count` outputs of one channel, 1 or more, `step` bytes apart. */
static TG_NOINLINE void tg_scale_run(const tg_channel *of, const int32_t *sums, int8_t *out, uint32_t step, uint32_t count)
{
    const tg_channel by = *of;
    const int32_t *const end = sums + count;
    do {
        *out = tg_scale_channel(*sums++, &by);
        out += step;
    } while (sums != end);
}
#endif /* TG_SCALE_RUN_C */
