/* The test firmware: take what comes in over the port, and send the answers back.
 *
 * The model owns no memory: what it needs is static here. Of a stream one sample and the logits lie on the stack, as they
 * would in a sensor loop; the image of a graph lies in its scratch memory where that is allowed, as a camera would
 * write it. So the measured RAM and stack are those of a real program.
 */
#include "port.h"
#include "model_interface.h"

#if defined(TG_STEP)
int main(void)
{
    static TG_STATE state;
    uint16_t windows = (uint16_t)tg_port_read();
    const uint16_t steps = (uint16_t)tg_port_read();

    for (; windows != 0; windows--) {
        int32_t logits[TG_CLASSES];
        uint16_t step;
        uint8_t i;

        TG_INIT(&state);
        for (step = 0; step < steps; step++) {
            int16_t counts[TG_CHANNELS];
            for (i = 0; i < TG_CHANNELS; i++) {
                counts[i] = tg_port_read();
            }
            TG_STEP(&state, counts);
        }
        tg_port_write((int16_t)TG_PREDICT(&state, logits));
        for (i = 0; i < TG_CLASSES; i++) {
            tg_port_write((int16_t)(logits[i] & 0xFFFF));
            tg_port_write((int16_t)(logits[i] >> 16));
        }
    }
    tg_port_stop();
    return 0;
}

#else
static TG_SCRATCH tg_scratch;
#define TG_OBJECT(type, name, size) static type name[size];
#if defined(TG_PIXELS_OFFSET)
#define TG_POINTER(type, name, size) static type *const name = (type *)tg_scratch.words + TG_PIXELS_OFFSET;
TG_INPUTS(TG_POINTER)
#else
TG_INPUTS(TG_OBJECT)
#endif
TG_OUTPUTS(TG_OBJECT)

#define TG_READ(type, name, size) \
    for (i = 0; i < size; i++) { \
        name[i] = (type)tg_port_read(); \
    }
#define TG_WRITE(type, name, size) \
    for (i = 0; i < size; i++) { \
        tg_port_write((int16_t)((int32_t)name[i] & 0xFFFF)); \
        tg_port_write((int16_t)((int32_t)name[i] >> 16)); \
    }

int main(void)
{
    uint16_t windows = (uint16_t)tg_port_read();
    (void)tg_port_read();

    for (; windows != 0; windows--) {
        uint32_t i;
        TG_INPUTS(TG_READ)
        tg_port_write((int16_t)TG_CALL());
        TG_OUTPUTS(TG_WRITE)
    }
    tg_port_stop();
    return 0;
}
#endif
