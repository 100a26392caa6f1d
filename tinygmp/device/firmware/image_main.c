/* The test firmware of an image network: classify images that come in over the port and send the logits back.
 *
 * A pixel is a 16-bit word. The image lies in the model's scratch memory where that is allowed, so that the measured
 * RAM is that of a camera that writes there.
 */
#include "port.h"
#include "model_interface.h"

static TG_SCRATCH scratch;
#if !defined(TG_PIXELS_OFFSET)
static uint8_t image[TG_IMAGE_BYTES];
#endif
static int8_t logits[TG_CLASSES];

int main(void)
{
    uint16_t images = (uint16_t)tg_port_read();
    (void)tg_port_read();

    for (; images != 0; images--) {
#if defined(TG_PIXELS_OFFSET)
        uint8_t *const pixels = (uint8_t *)scratch.words + TG_PIXELS_OFFSET;
#else
        uint8_t *const pixels = image;
#endif
        uint32_t i;
        for (i = 0; i < TG_IMAGE_BYTES; i++) {
            pixels[i] = (uint8_t)tg_port_read();
        }
        tg_port_write((int16_t)TG_CLASSIFY(pixels, logits, &scratch));
        for (i = 0; i < TG_CLASSES; i++) {
            tg_port_write((int16_t)logits[i]);
            tg_port_write((int16_t)(logits[i] < 0 ? -1 : 0));
        }
    }
    tg_port_stop();
    return 0;
}
