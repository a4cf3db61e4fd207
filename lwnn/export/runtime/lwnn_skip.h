/* lwnn runtime: a first layer that passes over inputs of zero, which the quantized input holds as
 * -128. What is left is listed, index and value + 128, in twos; a last one may be of value 0.
 */
#ifndef LWNN_SKIP_H
#define LWNN_SKIP_H

/* Whether the next four inputs are zero, where that is seen at once. */
LWNN_INLINE int lwnn_all_zero(const int8_t *input)
{
#if defined(__GNUC__) && !defined(__AVR__)
    uint32_t four;
    if (((uintptr_t)input & 3u) != 0)
        return 0;
    __builtin_memcpy(&four, __builtin_assume_aligned(input, 4), 4);
    return four == 0x80808080u;
#else
    (void)input;
    return 0;
#endif
}

/* Returns how many are listed. */
LWNN_APART lwnn_count lwnn_list(const int8_t *input, lwnn_count inputs, uint16_t *index,
                                int16_t *value)
{
    lwnn_count i = 0, n = 0;
    while (i < inputs) {
        const lwnn_count end = inputs - i < 4 ? inputs : i + 4;
        if (end - i == 4 && lwnn_all_zero(input + i)) {
            i = end;
            continue;
        }
        for (; i < end; i++) {
            if (input[i] == -128)
                continue;
            index[n] = (uint16_t)i;
            value[n++] = (int16_t)(input[i] + 128);
        }
    }
    if (n % 2 != 0) {
        index[n] = 0;
        value[n++] = 0;
    }
    return n;
}

/* As `lwnn_dense`; the biases are those for inputs that begin at 0. */
LWNN_APART void lwnn_skip(const lwnn_layer *where, const uint16_t *index, const int16_t *value,
                          lwnn_count count, lwnn_act *out)
{
    const lwnn_layer layer = lwnn_layer_at(where);
    const int32_t start = lwnn_some_start(value, count);
    lwnn_count o, n;
    for (o = 0; o < layer.outputs; o += 4) {
        int32_t sums[4];
        sums[0] = sums[1] = sums[2] = sums[3] = start;
        lwnn_some(&layer, index, value, count, o, sums);
        for (n = 0; n < 4 && o + n < layer.outputs; n++)
            out[o + n] =
                lwnn_output(&layer, o + n, sums[n] + (int32_t)LWNN_WORD(layer.bias + o + n));
    }
    for (o = layer.outputs; o % LWNN_PAD != 0; o++)
        out[o] = lwnn_act_of(0);
    lwnn_look_up(&layer, out);
}

#endif
