
/* For those who quantize themselves: the ${NAME}_INPUTS values that ${name}_quantize writes. For a
 * number that is (features[i] - offset[i]) * multiplier[i], rounded, $zero_point added, kept within
 * $limits. */
void ${name}_quantize(const float *features, int8_t *input);
int ${name}_predict_int8(const int8_t *input);
int ${name}_scores_int8(const int8_t *input, ${name}_score *scores, ${name}_scratch *scratch);
