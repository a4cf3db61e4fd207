// Reads ${NAME}_FEATURES values, prints the name of their class, and blinks its index plus one.
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
  const int index = ${name}_predict(features);
  Serial.println(${name}_label(index));
  for (int i = 0; i <= index; i++) {
    digitalWrite(LED_BUILTIN, HIGH);
    delay(150);
    digitalWrite(LED_BUILTIN, LOW);
    delay(150);
  }
  delay(1000);
}
