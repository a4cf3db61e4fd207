// Reads ${NAME}_INPUTS values, $does.
#include <$name.h>

static float features[${NAME}_INPUTS];

// Put your sensors here: features[i] is a raw reading, in the order that $name.h lists.
static void readSensors() {
  for (int i = 0; i < ${NAME}_INPUTS; i++) {
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
