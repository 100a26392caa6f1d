#ifndef TG_NEON_C
#define TG_NEON_C
#include "tg_platform.h"
#if !defined(__aarch64__)
#error "this form is for 64-bit ARM; convert with --to c for any other core"
#endif
#include <arm_neon.h>

/* What is compiled into every kernel that calls it; a model may leave some out. */
#define TG_INTO static inline __attribute__((always_inline, unused))

/* In front of a loop over registers, which have no addresses. */
#if defined(__clang__)
#define TG_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define TG_UNROLLED _Pragma("GCC unroll 32")
#endif
#endif /* TG_NEON_C */
