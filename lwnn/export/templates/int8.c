$layers
int ${name}_scores_int8(const int8_t *input, ${name}_score *scores, ${name}_scratch *scratch)
{
$steps
}

void ${name}_quantize(const float *features, int8_t *input)
{
    $quantize
}

int ${name}_scores(const float *features, ${name}_score *scores, ${name}_scratch *scratch)
{
    /* At the end of the room for activations, which are written over them front to back. */
    int8_t *const input = (int8_t *)scratch->part.a + sizeof scratch->part.a - ${NAME}_INPUTS;
    ${name}_quantize(features, input);
    return ${name}_scores_int8(input, scores, scratch);
}

int ${name}_predict_int8(const int8_t *input)
{
    ${name}_scratch scratch;
    ${name}_score scores[${NAME}_CLASSES];
    return ${name}_scores_int8(input, scores, &scratch);
}

