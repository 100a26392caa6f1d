#ifndef TG_GATES_WIDE_C
#define TG_GATES_WIDE_C
#include "tg_platform.h"

#if TG_FAST_32
/* tg_gate_curve with its table unfolded to both signs: more flash, no sign to take off and put back.
 *
 * Segment s covers 0.25 from v = s / 4 - 8. start: the curve at its beginning in 1/65536, plus what rounds the result
 * half away from zero as the folded table does (half a unit, below zero 1/256 less); rise: the increase over 1/256 of
 * the segment.
 */
typedef struct {
    int32_t start;
    int32_t rise;
} tg_gate_segment;

static const tg_gate_segment tg_gate_segments[64] = {
    {-16679168, 0}, {-16679168, 0}, {-16679168, 0}, {-16679168, 0}, {-16679168, 0}, {-16679168, 0},
    {-16679168, 0}, {-16679168, 0}, {-16679168, 256}, {-16613632, 0}, {-16613632, 256}, {-16548096, 0},
    {-16548096, 256}, {-16482560, 512}, {-16351488, 256}, {-16285952, 512}, {-16154880, 768},
    {-15958272, 768}, {-15761664, 1024}, {-15499520, 1280}, {-15171840, 1792}, {-14713088, 2048},
    {-14188800, 2560}, {-13533440, 3072}, {-12747008, 3840}, {-11763968, 4352}, {-10649856, 5376},
    {-9273600, 6144}, {-7700736, 6656}, {-5996800, 7424}, {-4096256, 7936}, {-2064640, 8192}, {32768, 8192},
    {2129920, 7936}, {4161536, 7424}, {6062080, 6656}, {7766016, 6144}, {9338880, 5376}, {10715136, 4352},
    {11829248, 3840}, {12812288, 3072}, {13598720, 2560}, {14254080, 2048}, {14778368, 1792},
    {15237120, 1280}, {15564800, 1024}, {15826944, 768}, {16023552, 768}, {16220160, 512}, {16351232, 256},
    {16416768, 512}, {16547840, 256}, {16613376, 0}, {16613376, 256}, {16678912, 0}, {16678912, 256},
    {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0},
    {16744448, 0},
};

/* The curve at 2 * place in Q11, place -8192..8191; middle: the table's entry of zero. */
static inline int32_t tg_gate_wide(const tg_gate_segment *middle, int32_t place)
{
    const tg_gate_segment *segment = middle + (place >> 8);
    return (segment->start + segment->rise * (place & 255)) >> 16;
}
#endif
#endif /* TG_GATES_WIDE_C */
