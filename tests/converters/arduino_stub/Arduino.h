// As much of Arduino as the example sketches use; bytes of the sensor or numbers come from standard input. Where there
// is no library to run on, only what a compiler wants to see.
#ifndef ARDUINO_STUB_H
#define ARDUINO_STUB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if __STDC_HOSTED__
#include <stdio.h>
#include <stdlib.h>
#define SERIAL_BODY(...) { __VA_ARGS__ }
#else
#define SERIAL_BODY(...) ;
#endif

static const int HEX = 16;

struct SerialStub {
  void begin(unsigned long) {}
  void setTimeout(unsigned long) {}
  void print(const char *text) SERIAL_BODY(fputs(text, stdout);)
  void print(long number) SERIAL_BODY(printf("%ld", number);)
  void print(unsigned long number) SERIAL_BODY(printf("%lu", number);)
  void print(unsigned long number, int) SERIAL_BODY(printf("%lX", number);)
  void println(const char *text) SERIAL_BODY(puts(text);)
  void println(unsigned long number) SERIAL_BODY(printf("%lu\n", number);)
  long parseInt() SERIAL_BODY(
    long value;
    if (scanf("%ld", &value) != 1) {
      exit(0);
    }
    return value;
  )
};
extern SerialStub Serial;

uint32_t micros();
void delay(unsigned long milliseconds);
#endif
