
/* For those who quantize themselves: input[i] is the reading (features[i] - offset[i]) *
 * multiplier[i], rounded, $zero_point added, kept within -128 to 127. */
void ${name}_quantize(const float *features, int8_t *input);
$result ${name}_predict_int8(const int8_t *input);
int ${name}_scores_int8(const int8_t *input, ${name}_score *scores, ${name}_scratch *scratch);
