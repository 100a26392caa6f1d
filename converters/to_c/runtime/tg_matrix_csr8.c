#ifndef TG_MATRIX_CSR8_C
#define TG_MATRIX_CSR8_C
#include "tg_platform.h"

/* A csr8 matrix at full speed: each row is a jump into a run of products, each at a fixed distance from the row's end.
 *
 * TG_MATRIX_CSR8(name, longest, START) defines `void name(index, values, x, sums, end)`, which writes the products of
 * all rows (8, 16 .. 64 survivors at most) with x to sums. START says what a sum begins with: TG_ZERO, or TG_SUM(shift)
 * for what sums holds, shifted left. No pointer moves and no counter counts within a row; assembler, since compilers
 * keep neither the distances nor the registers.
 */
#define TG_MATRIX_ARGUMENTS \
    const uint8_t *index, const int8_t *values, const int8_t *x, int32_t *sums, const int32_t *end

#if TG_FAST_32 && defined(__GNUC__) && defined(__ARM_FEATURE_DSP)
#define TG_RUNS 1
/* Four instructions, 16 bytes a product. */
#define TG_PRODUCT(left) \
    "ldrb.w %[n], [%[index], #-" #left "]\n\t" \
    "ldrsb.w %[n], [%[x], %[n]]\n\t" \
    "ldrsb.w %[w], [%[values], #-" #left "]\n\t" \
    "smlabb %[sum], %[n], %[w], %[sum]\n\t"
#define TG_ZERO "mov %[sum], #0\n\t"
#define TG_SUM(shift) "ldr %[sum], [%[sums]]\n\tlsl %[sum], %[sum], #" #shift "\n\t"
#define TG_MATRIX_CSR8(name, longest, START) \
    static inline void name(TG_MATRIX_ARGUMENTS) \
    { \
        int32_t sum; \
        uint32_t n, w; \
        __asm__ volatile("1:\n\t" \
                         "ldrb %[n], [%[index]], #1\n\t" START \
                         "add %[index], %[index], %[n]\n\t" \
                         "add %[values], %[values], %[n]\n\t" \
                         "tbh [pc, %[n], lsl #1]\n\t" \
                         ".set tg_left, 0\n\t" \
                         ".rept " #longest " + 1\n\t" \
                         ".hword " #longest " + 1 + 8 * (" #longest " - tg_left)\n\t" \
                         ".set tg_left, tg_left + 1\n\t" \
                         ".endr\n\t" TG_RUN_##longest(TG_PRODUCT) \
                         "str %[sum], [%[sums]], #4\n\t" \
                         "cmp %[sums], %[end]\n\t" \
                         "bne 1b" \
                         : [index] "+r"(index), [values] "+r"(values), [sums] "+r"(sums), [sum] "=&r"(sum), \
                           [n] "=&r"(n), [w] "=&r"(w) \
                         : [x] "r"(x), [end] "r"(end) \
                         : "memory", "cc"); \
    }

#elif TG_FAST_32 && defined(__GNUC__) && defined(__riscv_mul) && __riscv_xlen == 32
#define TG_RUNS 1
/* Six instructions, 24 bytes a product. */
#define TG_PRODUCT(left) \
    "lbu %[n], -" #left "(%[index])\n\t" \
    "add %[n], %[n], %[x]\n\t" \
    "lb %[w], -" #left "(%[values])\n\t" \
    "lb %[n], 0(%[n])\n\t" \
    "mul %[n], %[n], %[w]\n\t" \
    "add %[sum], %[sum], %[n]\n\t"
#define TG_ZERO "li %[sum], 0\n\t"
#define TG_SUM(shift) "lw %[sum], 0(%[sums])\n\tslli %[sum], %[sum], " #shift "\n\t"
#define TG_MATRIX_CSR8(name, longest, START) \
    static inline void name(TG_MATRIX_ARGUMENTS) \
    { \
        int32_t sum; \
        uint32_t n, w; \
        __asm__ volatile(".option push\n\t" \
                         ".option norvc\n" \
                         "1:\n\t" \
                         "lbu %[n], 0(%[index])\n\t" START \
                         "addi %[index], %[index], 1\n\t" \
                         "add %[index], %[index], %[n]\n\t" \
                         "add %[values], %[values], %[n]\n\t" \
                         "mul %[n], %[n], %[bytes]\n\t" \
                         "auipc %[w], 0\n\t" \
                         "sub %[w], %[w], %[n]\n\t" \
                         "jr 12 + 24 * " #longest "(%[w])\n\t" TG_RUN_##longest(TG_PRODUCT) \
                         "sw %[sum], 0(%[sums])\n\t" \
                         "addi %[sums], %[sums], 4\n\t" \
                         "bne %[sums], %[end], 1b\n\t" \
                         ".option pop" \
                         : [index] "+r"(index), [values] "+r"(values), [sums] "+r"(sums), [sum] "=&r"(sum), \
                           [n] "=&r"(n), [w] "=&r"(w) \
                         : [x] "r"(x), [end] "r"(end), [bytes] "r"(24) \
                         : "memory"); \
    }

#elif TG_FAST_32 && defined(__GNUC__) && defined(__ARM_ARCH_6M__)
#define TG_RUNS 1
/* Six instructions, 12 bytes, nine cycles a product. The pointers stand 32 before a row's end, so that the short loads
 * reach it; what a row has above 32 products goes before, one by one.
 */
#define TG_PRODUCT(left) \
    "ldrb %[n], [%[index], #32 - " #left "]\n\t" \
    "ldrsb %[n], [%[x], %[n]]\n\t" \
    "ldrb %[w], [%[values], #32 - " #left "]\n\t" \
    "sxtb %[w], %[w]\n\t" \
    "muls %[n], %[w], %[n]\n\t" \
    "adds %[sum], %[sum], %[n]\n\t"
#define TG_ZERO "movs %[sum], #0\n\t"
#define TG_SUM(shift) "ldr %[sum], [%[sums]]\n\tlsls %[sum], %[sum], #" #shift "\n\t"
#define TG_MATRIX_CSR8(name, longest, START) \
    static inline void name(TG_MATRIX_ARGUMENTS) \
    { \
        int32_t sum; \
        uint32_t n, w; \
        __asm__ volatile(".syntax unified\n\t" \
                         "subs %[index], #31\n\t" \
                         "subs %[values], #32\n" \
                         "1:\n\t" START \
                         "ldrb %[n], [%[index], #31]\n\t" \
                         "2:\n\t" \
                         ".if " #longest " > 32\n\t" \
                         "cmp %[n], #32\n\t" \
                         "bhi 3f\n\t" \
                         ".endif\n\t" \
                         "adds %[index], %[index], %[n]\n\t" \
                         "adds %[values], %[values], %[n]\n\t" \
                         "movs %[w], #" TG_RUN_ENTRIES_##longest "\n\t" \
                         "subs %[n], %[w], %[n]\n\t" \
                         "movs %[w], #12\n\t" \
                         "muls %[n], %[w], %[n]\n\t" \
                         "add pc, %[n]\n" \
                         "3:\n\t" \
                         ".if " #longest " > 32\n\t" \
                         "b 4f\n\t" \
                         ".else\n\t" \
                         "nop\n\t" \
                         ".endif\n\t" TG_RUN_##longest(TG_PRODUCT) \
                         "adds %[index], #1\n\t" \
                         "stmia %[sums]!, {%[sum]}\n\t" \
                         "cmp %[sums], %[end]\n\t" \
                         "beq 5f\n\t" \
                         "b 1b\n" \
                         "4:\n\t" \
                         "adds %[index], #1\n\t" \
                         "adds %[values], #1\n\t" \
                         "mov r12, %[n]\n\t" \
                         "ldrb %[n], [%[index], #31]\n\t" \
                         "ldrsb %[n], [%[x], %[n]]\n\t" \
                         "ldrb %[w], [%[values], #31]\n\t" \
                         "sxtb %[w], %[w]\n\t" \
                         "muls %[n], %[w], %[n]\n\t" \
                         "adds %[sum], %[sum], %[n]\n\t" \
                         "mov %[n], r12\n\t" \
                         "subs %[n], #1\n\t" \
                         "b 2b\n" \
                         "5:" \
                         : [index] "+l"(index), [values] "+l"(values), [sums] "+l"(sums), [sum] "=&l"(sum), \
                           [n] "=&l"(n), [w] "=&l"(w) \
                         : [x] "l"(x), [end] "h"(end) \
                         : "memory", "cc", "r12"); \
    }
#define TG_RUN_ENTRIES_8 "8"
#define TG_RUN_ENTRIES_16 "16"
#define TG_RUN_ENTRIES_24 "24"
#define TG_RUN_ENTRIES_32 "32"
#define TG_RUN_ENTRIES_40 "32"
#define TG_RUN_ENTRIES_48 "32"
#define TG_RUN_ENTRIES_56 "32"
#define TG_RUN_ENTRIES_64 "32"

#else
#define TG_RUNS 0
#define TG_ZERO 0
#define TG_SUM(shift) *sums * ((int32_t)1 << (shift))
#define TG_MATRIX_CSR8(name, longest, START) \
    static inline void name(TG_MATRIX_ARGUMENTS) \
    { \
        do { \
            int32_t sum = START; \
            uint8_t count = *index++; \
            for (; count != 0; count--) { \
                sum += (int32_t)*values++ * x[*index++]; \
            } \
            *sums++ = sum; \
        } while (sums != end); \
    }
#endif

#if TG_RUNS
#define TG_RUN_8(P) P(8) P(7) P(6) P(5) P(4) P(3) P(2) P(1)
#define TG_RUN_16(P) P(16) P(15) P(14) P(13) P(12) P(11) P(10) P(9) TG_RUN_8(P)
#define TG_RUN_24(P) P(24) P(23) P(22) P(21) P(20) P(19) P(18) P(17) TG_RUN_16(P)
#define TG_RUN_32(P) P(32) P(31) P(30) P(29) P(28) P(27) P(26) P(25) TG_RUN_24(P)
#if defined(__ARM_ARCH_6M__)
#define TG_RUN_40(P) TG_RUN_32(P)
#define TG_RUN_48(P) TG_RUN_32(P)
#define TG_RUN_56(P) TG_RUN_32(P)
#define TG_RUN_64(P) TG_RUN_32(P)
#else
#define TG_RUN_40(P) P(40) P(39) P(38) P(37) P(36) P(35) P(34) P(33) TG_RUN_32(P)
#define TG_RUN_48(P) P(48) P(47) P(46) P(45) P(44) P(43) P(42) P(41) TG_RUN_40(P)
#define TG_RUN_56(P) P(56) P(55) P(54) P(53) P(52) P(51) P(50) P(49) TG_RUN_48(P)
#define TG_RUN_64(P) P(64) P(63) P(62) P(61) P(60) P(59) P(58) P(57) TG_RUN_56(P)
#endif
#endif
#endif /* TG_MATRIX_CSR8_C */
