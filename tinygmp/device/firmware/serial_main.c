/* Firmware for a real board: windows come in over a serial line, answers and times go back.
 *
 * The board greets with 'T' 'G', protocol version, channels, classes, and its free RAM in bytes (16 bits). The host
 * then sends 'W' and the number of steps (16 bits) for each window. The board asks for every sample with '?', so that
 * nothing is sent while it computes, and takes channels * 2 bytes. At the end it answers '=', the class, the logits
 * (32 bits each), and microseconds: of all steps together and of the longest (32 bits each). All low byte first.
 */
#include "model_interface.h"
#include "serial_link.h"

#define PROTOCOL_VERSION 1

static void put16(uint16_t word)
{
    tg_link_put((uint8_t)(word & 0xFFu));
    tg_link_put((uint8_t)(word >> 8));
}

static void put32(uint32_t word)
{
    put16((uint16_t)(word & 0xFFFFu));
    put16((uint16_t)(word >> 16));
}

static uint16_t get16(void)
{
    const uint8_t low = tg_link_get();

    return (uint16_t)(low | (uint16_t)((uint16_t)tg_link_get() << 8));
}

static void greet(void)
{
    tg_link_put('T');
    tg_link_put('G');
    tg_link_put(PROTOCOL_VERSION);
    tg_link_put(TG_CHANNELS);
    tg_link_put(TG_CLASSES);
    put16(tg_link_free_ram());
}

static void classify(TG_STATE *state, uint16_t steps)
{
    int32_t logits[TG_CLASSES];
    uint32_t total = 0, longest = 0;
    uint8_t i;

    TG_INIT(state);
    for (; steps != 0; steps--) {
        int16_t counts[TG_CHANNELS];
        uint32_t begin, took;
        tg_link_put('?');
        for (i = 0; i < TG_CHANNELS; i++) {
            counts[i] = (int16_t)get16();
        }
        begin = tg_link_microseconds();
        TG_STEP(state, counts);
        took = tg_link_microseconds() - begin;
        total += took;
        longest = took > longest ? took : longest;
    }
    i = (uint8_t)TG_PREDICT(state, logits);
    tg_link_put('=');
    tg_link_put(i);
    for (i = 0; i < TG_CLASSES; i++) {
        put32((uint32_t)logits[i]);
    }
    put32(total);
    put32(longest);
}

void tg_serial_loop(void)
{
    static TG_STATE state;

    greet();
    for (;;) {
        const uint8_t command = tg_link_get();
        if (command == 'W') {
            classify(&state, get16());
        } else if (command == 'H') {
            greet();
        }
    }
}
