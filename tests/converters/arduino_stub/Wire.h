// An MPU6050 that answers with the samples on standard input and remembers what was written to its registers.
#ifndef WIRE_STUB_H
#define WIRE_STUB_H
#include "Arduino.h"

struct WireStub {
  uint8_t registers[256];
  uint8_t written[2];
  uint8_t count;
  uint8_t answer[14];
  uint8_t place;

  void begin() {}
  void setClock(uint32_t) {}
  void beginTransmission(uint8_t address) {
    if (address != 0x68) {
      abort();
    }
    count = 0;
  }
  void write(uint8_t byte) { written[count++] = byte; }
  uint8_t endTransmission(bool stop = true) {
    if (stop && count == 2) {
      registers[written[0]] = written[1];
    }
    return 0;
  }
  uint8_t requestFrom(uint8_t address, uint8_t bytes) {
    if (address != 0x68 || bytes != 14 || written[0] != 0x3B) {
      abort();
    }
    if (fread(answer, 1, 14, stdin) != 14) {
      printf("gyro range %02X, acceleration range %02X, power %02X\n", registers[0x1B], registers[0x1C], registers[0x6B]);
      exit(0);
    }
    place = 0;
    return 14;
  }
  int read() { return answer[place++]; }
};
extern WireStub Wire;
#endif
