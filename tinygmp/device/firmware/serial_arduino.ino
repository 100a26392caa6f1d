// Serial link of any Arduino board: put this sketch next to serial_main.c, serial_link.h, model_interface.h and the
// generated model, build, upload, then `tinygmp verify --port ...`.
#include "serial_link.h"

#ifndef TG_BAUD
#define TG_BAUD 115200
#endif

extern "C" void tg_link_put(uint8_t byte) { Serial.write(byte); }

extern "C" uint8_t tg_link_get(void) {
  while (Serial.available() == 0) {
  }
  return (uint8_t)Serial.read();
}

extern "C" uint32_t tg_link_microseconds(void) { return micros(); }

extern "C" uint16_t tg_link_free_ram(void) {
#if defined(__AVR__)
  extern uint8_t __heap_start;
  return (uint16_t)(SP - (uint16_t)&__heap_start);
#else
  return 0;  // not known here
#endif
}

void setup() { Serial.begin(TG_BAUD); }

void loop() { tg_serial_loop(); }
