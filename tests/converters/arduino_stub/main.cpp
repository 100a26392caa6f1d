#include "Wire.h"

SerialStub Serial;
WireStub Wire;
static uint32_t now = 0xFFFF0000u;  // so that the clock wraps round on the way

uint32_t micros() { return now += 700; }
void delay(unsigned long milliseconds) {
  if (milliseconds >= 5000) {
    exit(0);  // a sketch that waits so long has told everything
  }
  now += 1000 * milliseconds;
}

void setup();
void loop();

int main() {
  setup();
  for (;;) {
    loop();
  }
}
