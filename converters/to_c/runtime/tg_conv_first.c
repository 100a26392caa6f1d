#ifndef TG_CONV_FIRST_C
#define TG_CONV_FIRST_C
#include "tg_dense_pair.c"

/* Unpack what one output position sees of uint8 pixels [rows][rows][inputs] into a vector; q = pixel - 128.
 *
 * patch: kernel * kernel * inputs bytes of work space.
 */
static void tg_pixel_patch(const tg_layer *layer, const uint8_t *pixels, uint16_t row, uint16_t column, int8_t *patch,
                           tg_lane *vector)
{
    const uint16_t inputs = layer->inputs;
    const uint8_t kernel = layer->kernel;
    int8_t *next = patch;
    uint8_t i, j;
    for (i = 0; i < kernel; i++) {
        const int32_t y = (int32_t)row * layer->stride + i - layer->top;
        for (j = 0; j < kernel; j++) {
            const int32_t x = (int32_t)column * layer->stride + j - layer->left;
            const int8_t *const end = next + inputs;
            if (y < 0 || x < 0 || y >= layer->rows || x >= layer->rows) {
                while (next != end) {
                    *next++ = (int8_t)layer->padding;
                }
            } else {
                const uint8_t *pixel = pixels + ((uint32_t)y * layer->rows + (uint32_t)x) * inputs;
                while (next != end) {
                    *next++ = (int8_t)(*pixel++ - 128);
                }
            }
        }
    }
    tg_vector_load(vector, patch, (uint16_t)(next - patch));
}

/* The first layer: a convolution of uint8 pixels, dense weights, to the int8 map `out`.
 *
 * work: a pair and a patch of kernel * kernel * inputs. The pixels may lie behind `out` in the same memory,
 * from the offset on that the converter proved.
 */
static TG_NOINLINE void tg_conv_first(const tg_layer *layer, const uint8_t *pixels, const int8_t *weights, int8_t *out,
                          uint32_t *work)
{
    const uint16_t n = (uint16_t)(layer->kernel * layer->kernel * layer->inputs);
    tg_lane *const lanes = (tg_lane *)work;
    int8_t *const patch = (int8_t *)(work + TG_PAIR_BYTES(n) / 4u);
    uint16_t row, column;
    for (row = 0; row < layer->rows_out; row++) {
        for (column = 0; column < layer->rows_out; column = (uint16_t)(column + 2u)) {
            const uint16_t pair = (uint16_t)(column + 1u < layer->rows_out ? 1u : 0u);
            tg_pixel_patch(layer, pixels, row, column, patch, lanes);
            tg_pixel_patch(layer, pixels, row, (uint16_t)(column + pair), patch, TG_SECOND_VECTOR(lanes, n));
            tg_dense_pair(layer, weights, lanes, n, out, out + pair * layer->outputs);
            out += (1u + pair) * layer->outputs;
        }
    }
}
#endif /* TG_CONV_FIRST_C */
