// Reads ${NAME}_FEATURES values, $does.
#include <$name.h>

static float features[${NAME}_FEATURES];

// Put your sensors here: features[i] is a raw reading, in the order that $name.h lists.
static void readSensors() {
  for (int i = 0; i < ${NAME}_FEATURES; i++) {
    features[i] = analogRead(A0);
  }
}

void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
$check}

void loop() {
  readSensors();
$answer  delay(1000);
}
