#ifndef TG_GATES_WIDE_C
#define TG_GATES_WIDE_C
#include "tg_platform.h"

#if TG_FAST_32
/* tg_gate_curve with its table unfolded to both signs: more flash, no sign to take off and put back.
 *
 * Segment s covers 0.25 from v = s / 4 - 8. S(s, start, rise): the curve at its beginning in 1/65536, plus what rounds
 * the result half away from zero as the folded table does (half a unit, below zero 1/256 less); the increase over 1/256
 * of the segment.
 */
#define TG_GATE_LIST(S) \
    S(0, -16679168, 0) S(1, -16679168, 0) S(2, -16679168, 0) S(3, -16679168, 0) S(4, -16679168, 0) \
    S(5, -16679168, 0) S(6, -16679168, 0) S(7, -16679168, 0) S(8, -16679168, 256) S(9, -16613632, 0) \
    S(10, -16613632, 256) S(11, -16548096, 0) S(12, -16548096, 256) S(13, -16482560, 512) \
    S(14, -16351488, 256) S(15, -16285952, 512) S(16, -16154880, 768) S(17, -15958272, 768) \
    S(18, -15761664, 1024) S(19, -15499520, 1280) S(20, -15171840, 1792) S(21, -14713088, 2048) \
    S(22, -14188800, 2560) S(23, -13533440, 3072) S(24, -12747008, 3840) S(25, -11763968, 4352) \
    S(26, -10649856, 5376) S(27, -9273600, 6144) S(28, -7700736, 6656) S(29, -5996800, 7424) \
    S(30, -4096256, 7936) S(31, -2064640, 8192) S(32, 32768, 8192) S(33, 2129920, 7936) \
    S(34, 4161536, 7424) S(35, 6062080, 6656) S(36, 7766016, 6144) S(37, 9338880, 5376) \
    S(38, 10715136, 4352) S(39, 11829248, 3840) S(40, 12812288, 3072) S(41, 13598720, 2560) \
    S(42, 14254080, 2048) S(43, 14778368, 1792) S(44, 15237120, 1280) S(45, 15564800, 1024) \
    S(46, 15826944, 768) S(47, 16023552, 768) S(48, 16220160, 512) S(49, 16351232, 256) \
    S(50, 16416768, 512) S(51, 16547840, 256) S(52, 16613376, 0) S(53, 16613376, 256) S(54, 16678912, 0) \
    S(55, 16678912, 256) S(56, 16744448, 0) S(57, 16744448, 0) S(58, 16744448, 0) S(59, 16744448, 0) \
    S(60, 16744448, 0) S(61, 16744448, 0) S(62, 16744448, 0) S(63, 16744448, 0)

/* A segment as a line through place 0: start + rise * place. Places count from -8192, or from 0 where that costs less. */
typedef struct {
    int32_t start;
    int32_t rise;
} tg_gate_segment;

#if defined(__ARM_ARCH_6M__) || defined(__riscv)
#define TG_GATE_BELOW 0
#else
#define TG_GATE_BELOW 32
#endif
#define TG_GATE_SEGMENT(s, start, rise) {(start) - (int32_t)(rise) * 256 * ((s) - TG_GATE_BELOW), rise},
static const tg_gate_segment tg_gate_segments[64] = {TG_GATE_LIST(TG_GATE_SEGMENT)};

/* The curve at 2 * place in Q11, place -8192..8191; middle: the table's entry of zero. */
static inline int32_t tg_gate_wide(const tg_gate_segment *middle, int32_t place)
{
    const tg_gate_segment *segment = middle + (place >> 8);
    return (segment->start + segment->rise * (place + 256 * (32 - TG_GATE_BELOW))) >> 16;
}
#endif
#endif /* TG_GATES_WIDE_C */
