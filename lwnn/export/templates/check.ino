  // Whether this board computes what the PC computed.
  Serial.println(${name}_selftest() < 0 ? "self-test passed" : "self-test FAILED");
