#include "tg_platform.h"

#if TG_FAST_32
/* tg_gate_curve with its table unfolded to both signs: more flash, no sign to take off and put back.
 *
 * Segment s covers 0.25 from v = s / 4 - 8. start: the curve at its beginning in 1/65536, plus what rounds the result
 * half away from zero as the folded table does (half a unit, below zero 1/256 less); rise: the increase over 1/512 of
 * the segment.
 */
typedef struct {
    int32_t start;
    int32_t rise;
} tg_gate_segment;

static const tg_gate_segment tg_gate_segments[64] = {
    {-16679168, 0}, {-16679168, 0}, {-16679168, 0}, {-16679168, 0}, {-16679168, 0}, {-16679168, 0},
    {-16679168, 0}, {-16679168, 0}, {-16679168, 128}, {-16613632, 0}, {-16613632, 128}, {-16548096, 0},
    {-16548096, 128}, {-16482560, 256}, {-16351488, 128}, {-16285952, 256}, {-16154880, 384},
    {-15958272, 384}, {-15761664, 512}, {-15499520, 640}, {-15171840, 896}, {-14713088, 1024},
    {-14188800, 1280}, {-13533440, 1536}, {-12747008, 1920}, {-11763968, 2176}, {-10649856, 2688},
    {-9273600, 3072}, {-7700736, 3328}, {-5996800, 3712}, {-4096256, 3968}, {-2064640, 4096}, {32768, 4096},
    {2129920, 3968}, {4161536, 3712}, {6062080, 3328}, {7766016, 3072}, {9338880, 2688}, {10715136, 2176},
    {11829248, 1920}, {12812288, 1536}, {13598720, 1280}, {14254080, 1024}, {14778368, 896},
    {15237120, 640}, {15564800, 512}, {15826944, 384}, {16023552, 384}, {16220160, 256}, {16351232, 128},
    {16416768, 256}, {16547840, 128}, {16613376, 0}, {16613376, 128}, {16678912, 0}, {16678912, 128},
    {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0}, {16744448, 0},
    {16744448, 0},
};

/* The curve of a value in -16384..16383, whose lowest bit does not count; middle: the table's entry of zero. */
static inline int32_t tg_gate_wide(const tg_gate_segment *middle, int32_t value)
{
    const tg_gate_segment *segment = middle + (value >> 9);
    return (segment->start + segment->rise * (value & 510)) >> 16;
}
#endif
