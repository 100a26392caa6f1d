/* Classify windows of raw sensor counts from standard input: 2 numbers a line, 8 lines a window.
 *
 *   cc -O2 example_main.c tiny.c -o tiny && ./tiny < counts.txt
 */
#include <stdio.h>

#include "tiny.h"

static const char *const labels[TINY_CLASSES] = {
    TINY_CLASS_0,
    TINY_CLASS_1,
};

int main(void)
{
    static tiny_state state;
    unsigned step = 0;
    int value;
    int16_t counts[TINY_CHANNELS];
    unsigned channel = 0;

    tiny_init(&state);
    while (scanf("%d", &value) == 1) {
        counts[channel++] = (int16_t)value;
        if (channel == TINY_CHANNELS) {
            channel = 0;
            tiny_step(&state, counts);
            if (++step == TINY_STEPS) {
                int32_t logits[TINY_CLASSES];
                printf("%s\n", labels[tiny_predict(&state, logits)]);
                tiny_init(&state);
                step = 0;
            }
        }
    }
    return 0;
}
