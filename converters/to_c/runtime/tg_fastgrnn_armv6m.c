#ifndef TG_FASTGRNN_ARMV6M_C
#define TG_FASTGRNN_ARMV6M_C
#include "tg_fastgrnn_scalars.c"
#include "tg_gates_wide.c"
#include "tg_platform.h"

#if TG_FAST_32 && defined(__GNUC__) && defined(__ARM_ARCH_6M__)
/* The loop of tg_fastgrnn_update for eight low registers; constants come from the text, addresses from high registers.
 *
 * TG_UPDATE_CELL(name, shift, pre_shift, post_shift, bias_gate_shift, bias_update_shift, zeta, zeta_shift) defines
 * it for one
 * cell, whose bias shifts are at most 6 and whose accumulators need no saturation before the multiplier. */
#define TG_INTO_RANGE(place, next) \
    "lsrs %[b], %[" place "], #14\n\t" \
    "beq " next "f\n\t" \
    "asrs %[" place "], %[" place "], #31\n\t" \
    "mvns %[" place "], %[" place "]\n\t" \
    "lsls %[" place "], %[" place "], #18\n\t" \
    "lsrs %[" place "], %[" place "], #18\n" next ":\n\t"
#define TG_LOOK_UP(place) \
    "lsrs %[b], %[" place "], #8\n\t" \
    "lsls %[b], %[b], #3\n\t" \
    "add %[b], %[segments]\n\t" \
    "ldr %[a], [%[b], #4]\n\t" \
    "ldr %[b], [%[b]]\n\t" \
    "muls %[" place "], %[a], %[" place "]\n\t" \
    "adds %[" place "], %[" place "], %[b]\n\t" \
    "asrs %[" place "], %[" place "], #16\n\t"
#define TG_UPDATE_CELL(name, SHIFT, PRE, POST, GATE, UPDATE, ZETA, ZETA_SHIFT) \
    static inline void name(const tg_fastgrnn_scalars *cell, const int32_t *sums, uint8_t shift, \
                            const int8_t *bias_gate, const int8_t *bias_update, int16_t *hidden, int8_t *top, \
                            uint16_t units) \
    { \
        const int32_t constants[] = {cell->pre.multiplier, cell->nu}; \
        const int32_t *end = sums + units; \
        int32_t a, b, c, d; \
        (void)shift; \
        __asm__ volatile( \
        ".syntax unified\n\t" \
        "1:\n\t" \
        "ldmia %[sums]!, {%[a]}\n\t" \
        ".if " #SHIFT "\n\t" \
        "lsls %[a], %[a], #" #SHIFT "\n\t" \
        ".endif\n\t" \
        ".if " #PRE "\n\t" \
        "asrs %[a], %[a], #" #PRE "\n\t" \
        ".endif\n\t" \
        "mov %[c], %[k]\n\t" \
        "ldr %[b], [%[c]]\n\t" \
        "muls %[a], %[b], %[a]\n\t" \
        "movs %[b], #1\n\t" \
        "lsls %[b], %[b], #" #POST " - 1\n\t" \
        "adds %[a], %[a], %[b]\n\t" \
        "asrs %[a], %[a], #" #POST "\n\t" \
        "mov %[b], %[gate]\n\t" \
        "movs %[d], #0\n\t" \
        "ldrsb %[c], [%[b], %[d]]\n\t" \
        "mov %[d], %[apart]\n\t" \
        "ldrsb %[d], [%[b], %[d]]\n\t" \
        "adds %[b], #1\n\t" \
        "mov %[gate], %[b]\n\t" \
        "lsls %[c], %[c], #" #GATE "\n\t" \
        "adds %[c], %[c], %[a]\n\t" \
        "lsrs %[b], %[c], #31\n\t" \
        "adds %[c], %[c], %[b]\n\t" \
        "asrs %[c], %[c], #1\n\t" \
        "lsls %[d], %[d], #" #UPDATE "\n\t" \
        "adds %[d], %[d], %[a]\n\t" \
        "movs %[a], #32\n\t" \
        "lsls %[a], %[a], #8\n\t" \
        "adds %[c], %[c], %[a]\n\t" \
        "adds %[d], %[d], %[a]\n\t" \
        "mov %[b], %[c]\n\t" \
        "orrs %[b], %[d]\n\t" \
        "lsrs %[b], %[b], #14\n\t" \
        "bne 5f\n\t" \
        "2:\n\t" TG_LOOK_UP("c") TG_LOOK_UP("d") \
        "movs %[a], #" #ZETA "\n\t" \
        "lsls %[b], %[a], #8\n\t" \
        "muls %[a], %[c], %[a]\n\t" \
        "subs %[a], %[b], %[a]\n\t" \
        ".if " #ZETA_SHIFT "\n\t" \
        "asrs %[a], %[a], #" #ZETA_SHIFT "\n\t" \
        ".endif\n\t" \
        "mov %[b], %[k]\n\t" \
        "ldr %[b], [%[b], #4]\n\t" \
        "adds %[a], %[a], %[b]\n\t" \
        "muls %[a], %[d], %[a]\n\t" \
        "adds %[a], #64\n\t" \
        "lsls %[a], %[a], #2\n\t" \
        "movs %[b], #0\n\t" \
        "ldrsh %[b], [%[hidden], %[b]]\n\t" \
        "adds %[c], #255\n\t" \
        "adds %[c], #1\n\t" \
        "muls %[c], %[b], %[c]\n\t" \
        "adds %[c], %[c], %[a]\n\t" \
        "asrs %[c], %[c], #9\n\t" \
        "movs %[a], #127\n\t" \
        "lsls %[a], %[a], #8\n\t" \
        "adds %[b], %[c], %[a]\n\t" \
        "lsls %[d], %[a], #1\n\t" \
        "cmp %[b], %[d]\n\t" \
        "bhi 6f\n\t" \
        "3:\n\t" \
        "strh %[c], [%[hidden]]\n\t" \
        "adds %[hidden], #2\n\t" \
        "adds %[c], #128\n\t" \
        "asrs %[c], %[c], #8\n\t" \
        "strb %[c], [%[top]]\n\t" \
        "adds %[top], #1\n\t" \
        "cmp %[sums], %[end]\n\t" \
        "bne 1b\n\t" \
        "b 9f\n" \
        "5:\n\t" TG_INTO_RANGE("c", "7") TG_INTO_RANGE("d", "8") \
        "b 2b\n\t" \
        "6:\n\t" \
        "asrs %[c], %[c], #31\n\t" \
        "adds %[a], %[a], %[c]\n\t" \
        "eors %[c], %[a]\n\t" \
        "b 3b\n" \
        "9:" \
        : [sums] "+l"(sums), [hidden] "+l"(hidden), [top] "+l"(top), [a] "=&l"(a), [b] "=&l"(b), [c] "=&l"(c), \
          [d] "=&l"(d), [gate] "+h"(bias_gate) \
        : [apart] "h"((uintptr_t)bias_update - (uintptr_t)bias_gate), [k] "h"(constants), \
          [segments] "h"(tg_gate_segments), [end] "h"(end) \
        : "memory", "cc"); \
    }
#else
#define TG_UPDATE_CELL(name, SHIFT, PRE, POST, GATE, UPDATE, ZETA, ZETA_SHIFT) \
    static inline void name(const tg_fastgrnn_scalars *cell, const int32_t *sums, uint8_t shift, \
                            const int8_t *bias_gate, const int8_t *bias_update, int16_t *hidden, int8_t *top, \
                            uint16_t units) \
    { \
        tg_fastgrnn_update(cell, sums, shift, bias_gate, bias_update, hidden, top, units); \
    }
#endif
#endif /* TG_FASTGRNN_ARMV6M_C */
