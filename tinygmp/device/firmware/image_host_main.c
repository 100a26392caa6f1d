/* The host's run of an image network: images from standard input, answers to standard output, as host_main.c.
 *
 * A pixel is a 16-bit word and an image is `steps` positions of TG_CHANNELS of them.
 */
#include <stdio.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif
#include "model_interface.h"

static TG_SCRATCH scratch;
static uint8_t image[TG_IMAGE_BYTES];

int main(void)
{
    uint16_t head[2];
    uint32_t index, i;

#if defined(_WIN32)
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    if (fread(head, sizeof head[0], 2, stdin) != 2) {
        return EXIT_FAILURE;
    }
    for (index = 0; index < head[0]; index++) {
        int8_t logits[TG_CLASSES];
        int16_t class_index;
        for (i = 0; i < TG_IMAGE_BYTES; i++) {
            uint16_t word;
            if (fread(&word, sizeof word, 1, stdin) != 1) {
                return EXIT_FAILURE;
            }
            image[i] = (uint8_t)word;
        }
        class_index = (int16_t)TG_CLASSIFY(image, logits, &scratch);
#if defined(TG_PIXELS_OFFSET)
        { /* The image inside the scratch memory must give the same answer. */
            int8_t again[TG_CLASSES];
            uint8_t *inside = (uint8_t *)scratch.words + TG_PIXELS_OFFSET;
            for (i = 0; i < TG_IMAGE_BYTES; i++) {
                inside[i] = image[i];
            }
            if (TG_CLASSIFY(inside, again, &scratch) != (uint16_t)class_index) {
                return EXIT_FAILURE;
            }
            for (i = 0; i < TG_CLASSES; i++) {
                if (again[i] != logits[i]) {
                    return EXIT_FAILURE;
                }
            }
        }
#endif
        if (fwrite(&class_index, sizeof class_index, 1, stdout) != 1) {
            return EXIT_FAILURE;
        }
        for (i = 0; i < TG_CLASSES; i++) {
            const int32_t logit = logits[i];
            if (fwrite(&logit, sizeof logit, 1, stdout) != 1) {
                return EXIT_FAILURE;
            }
        }
    }
    return EXIT_SUCCESS;
}
