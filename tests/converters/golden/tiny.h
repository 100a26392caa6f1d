/* tiny: FastGRNN of 3 units, 2 channels, 2 classes.
 *
 * SYNTHETIC: this model was made from synthetic data. It shows the way, its answers mean nothing.
 *
 * commit: none
 * data: random weights
 * recipe: random
 * seed: 4
 * synthetic: yes
 * SHA-256 of the packed model, the digest in its .tgmp file of version 4: c30d7ebf2c8c94f8201ed2e4125b37c94d06cd7c2d0f3ec81eff5f86ba56b46e
 * weights kept: 8 of 21; payload: 79 B, of which 13 B are constants in the code
 *
 * Integers only. No heap, no globals, no library but memset and memcpy, where a compiler calls them to clear or copy memory.
 * The caller owns the state; several may live side by side.
 */
#ifndef TINY_H
#define TINY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raw sensor counts that tiny_step takes, in this order:
 *   0  channel0, 1 counts per counts
 *   1  channel1, 1 counts per counts
 */
#define TINY_CHANNELS 2
#define TINY_HIDDEN 3
#define TINY_CLASSES 2
#define TINY_STEPS 8 /* of the windows in training; a stream may be of any length */
#define TINY_SHA256 "c30d7ebf2c8c94f8201ed2e4125b37c94d06cd7c2d0f3ec81eff5f86ba56b46e"
#define TINY_PAYLOAD_BYTES 79
#define TINY_SYNTHETIC 1
#define TINY_STATE_BYTES sizeof(tiny_state)

#define TINY_CLASS_0 "class0"
#define TINY_CLASS_1 "class1"

/* hidden: the state, -32512..32512. All else is scratch of a step, -127..127: the state's rounded upper bytes, the
 * normalised sample.
 */
typedef struct {
    int16_t hidden[TINY_HIDDEN];
    int8_t top[TINY_HIDDEN];
    int8_t input[TINY_CHANNELS];
} tiny_state;

/* Begin a new window or stream. */
void tiny_init(tiny_state *state);

/* Take one sample: counts[TINY_CHANNELS], any int16 value; out-of-range ones saturate. */
void tiny_step(tiny_state *state, const int16_t *counts);

/* Return the class of what was seen since init, 0..1; the lower class on a tie.
 * logits: TINY_CLASSES values out (one unit is 0.000244141), or a null pointer.
 */
uint8_t tiny_predict(tiny_state *state, int32_t *logits);

/* Classify window[steps][TINY_CHANNELS], sample after sample; init is done inside. logits: as in predict. */
uint8_t tiny_classify(tiny_state *state, const int16_t *window, uint16_t steps, int32_t *logits);

#ifdef __cplusplus
}
#endif

#endif
