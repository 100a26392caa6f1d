/* The host's run: windows from standard input, answers to standard output, in the words of port.h.
 *
 * Binary on both sides, in the host's byte order; one read and one write a window.
 */
#include <stdio.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif
#include "model_interface.h"

int main(void)
{
    static TG_STATE state;
    static int16_t counts[TG_CHANNELS];
    uint16_t head[2];
    uint32_t window, step;

#if defined(_WIN32)
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    if (fread(head, sizeof head[0], 2, stdin) != 2) {
        return EXIT_FAILURE;
    }
    for (window = 0; window < head[0]; window++) {
        int32_t logits[TG_CLASSES];
        int16_t class_index;
        TG_INIT(&state);
        for (step = 0; step < head[1]; step++) {
            if (fread(counts, sizeof counts[0], TG_CHANNELS, stdin) != TG_CHANNELS) {
                return EXIT_FAILURE;
            }
            TG_STEP(&state, counts);
        }
        class_index = (int16_t)TG_PREDICT(&state, logits);
        if (fwrite(&class_index, sizeof class_index, 1, stdout) != 1 ||
            fwrite(logits, sizeof logits[0], TG_CLASSES, stdout) != TG_CLASSES) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
