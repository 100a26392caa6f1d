/* The host's run: windows from standard input, answers to standard output, in the words of port.h.
 *
 * Binary on both sides, in the host's byte order; one read and one write a window of a stream.
 */
#include <stdio.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif
#include "model_interface.h"

/* Stands before (1) and after (2) what is measured: a system call that an emulator counts between. */
#if !defined(TG_MARK)
#define TG_MARK(what) 0
#endif

#if defined(TG_STEP)
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
        (void)TG_MARK(1);
        TG_INIT(&state);
        for (step = 0; step < head[1]; step++) {
            if (fread(counts, sizeof counts[0], TG_CHANNELS, stdin) != TG_CHANNELS) {
                return EXIT_FAILURE;
            }
            TG_STEP(&state, counts);
        }
        class_index = (int16_t)TG_PREDICT(&state, logits);
        (void)TG_MARK(2);
        if (fwrite(&class_index, sizeof class_index, 1, stdout) != 1 ||
            fwrite(logits, sizeof logits[0], TG_CLASSES, stdout) != TG_CLASSES) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

#else
static TG_SCRATCH tg_scratch;
#define TG_OBJECT(type, name, size) static type name[size];
TG_INPUTS(TG_OBJECT)
TG_OUTPUTS(TG_OBJECT)

static int tg_read_word(int16_t *word)
{
    return fread(word, sizeof *word, 1, stdin) == 1;
}

#if defined(TG_PIXELS_OFFSET)
/* The image inside the scratch memory must give the same answer. */
static int tg_differs_inside(uint16_t class_index)
{
#define TG_COPY(type, name, size) \
    for (i = 0; i < size; i++) { \
        ((type *)tg_scratch.words + TG_PIXELS_OFFSET)[i] = name[i]; \
    }
#define TG_KEEP(type, name, size) \
    static type name##_first[size]; \
    for (i = 0; i < size; i++) { \
        name##_first[i] = name[i]; \
    }
#define TG_COMPARE(type, name, size) \
    for (i = 0; i < size; i++) { \
        differs |= name##_first[i] != name[i]; \
    }
    int differs;
    uint32_t i;
    TG_OUTPUTS(TG_KEEP)
    TG_INPUTS(TG_COPY)
    {
#define TG_INSIDE(type, name, size) const type *const name = (type *)tg_scratch.words + TG_PIXELS_OFFSET;
        TG_INPUTS(TG_INSIDE)
        differs = (uint16_t)TG_CALL() != class_index;
    }
    TG_OUTPUTS(TG_COMPARE)
    return differs;
}
#endif

#define TG_READ(type, name, size) \
    for (i = 0; i < size; i++) { \
        if (!tg_read_word(&word)) { \
            return EXIT_FAILURE; \
        } \
        name[i] = (type)word; \
    }
#define TG_WRITE(type, name, size) \
    for (i = 0; i < size; i++) { \
        const int32_t value = name[i]; \
        if (fwrite(&value, sizeof value, 1, stdout) != 1) { \
            return EXIT_FAILURE; \
        } \
    }

int main(void)
{
    int16_t head[2], word;
    uint32_t windows, i;

#if defined(_WIN32)
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    if (!tg_read_word(head) || !tg_read_word(head + 1)) {
        return EXIT_FAILURE;
    }
    for (windows = (uint16_t)head[0]; windows != 0; windows--) {
        TG_INPUTS(TG_READ)
        (void)TG_MARK(1);
        word = (int16_t)TG_CALL();
        (void)TG_MARK(2);
#if defined(TG_PIXELS_OFFSET)
        if (tg_differs_inside((uint16_t)word)) {
            return EXIT_FAILURE;
        }
#endif
        if (fwrite(&word, sizeof word, 1, stdout) != 1) {
            return EXIT_FAILURE;
        }
        TG_OUTPUTS(TG_WRITE)
    }
    return EXIT_SUCCESS;
}
#endif
