/* The test firmware: classify windows that come in over the port and send the logits back.
 *
 * The model owns no memory: its state is the one static object here. One sample and the logits lie on the stack, as
 * they would in a sensor loop, so that the measured RAM and stack are those of a real program.
 */
#include "port.h"
#include "model_interface.h"

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
