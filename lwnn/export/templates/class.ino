  const int index = ${name}_predict(features);
  Serial.println(${name}_label(index));
  for (int i = 0; i <= index; i++) {
    digitalWrite(LED_BUILTIN, HIGH);
    delay(150);
    digitalWrite(LED_BUILTIN, LOW);
    delay(150);
  }
