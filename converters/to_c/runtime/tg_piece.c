#ifndef TG_PIECE_C
#define TG_PIECE_C
#include "tg_platform.h"

/* A part of a row reader: in the fastest build always within its loop, else where the compiler finds it smallest. */
#if TG_PROFILE == TG_FASTEST
#define TG_PIECE static inline TG_ALWAYS_INLINE
#else
#define TG_PIECE static inline
#endif
#endif /* TG_PIECE_C */
