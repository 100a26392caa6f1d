// As much of Arduino as the example sketches use; bytes of the sensor or numbers come from standard input.
#ifndef ARDUINO_STUB_H
#define ARDUINO_STUB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct SerialStub {
  void begin(unsigned long) {}
  void setTimeout(unsigned long) {}
  void println(const char *text) { puts(text); }
  long parseInt() {
    long value;
    if (scanf("%ld", &value) != 1) {
      exit(0);
    }
    return value;
  }
};
extern SerialStub Serial;

uint32_t micros();
void delay(unsigned long milliseconds);
#endif
