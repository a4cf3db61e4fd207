/* lwnn runtime: states of a top-down net, which settle step by step. */
#ifndef LWNN_SETTLE_H
#define LWNN_SETTLE_H

/* Copy sums, as the same ones are read in every step. */
LWNN_APART void lwnn_copy_sums(const int32_t *from, lwnn_count count, int32_t *to)
{
    lwnn_count i;
    for (i = 0; i < count; i++)
        to[i] = from[i];
}

/* Add the sums of weights from above, modulo 2^32: only with the bias they are known to fit. */
LWNN_APART void lwnn_add_sums(const lwnn_layer *where, const lwnn_act *x, int32_t *sums)
{
    const lwnn_layer layer = lwnn_layer_at(where);
    const int32_t start = lwnn_start(x, layer.inputs);
    lwnn_count o, n;
    for (o = 0; o < layer.outputs; o += 4) {
        int32_t four[4];
        four[0] = four[1] = four[2] = four[3] = start;
        lwnn_products(layer.weight, x, layer.inputs, o, layer.outputs, four);
        for (n = 0; n < 4 && o + n < layer.outputs; n++)
            sums[o + n] = (int32_t)((uint32_t)sums[o + n] + (uint32_t)four[n]);
    }
}

/* A state keeps `keep` 256ths of what it was and takes the rest from the outputs of its layer. */
LWNN_APART void lwnn_settle(const lwnn_act *outputs, lwnn_count units, int32_t keep,
                            lwnn_act *state)
{
    lwnn_count i;
    for (i = 0; i < units; i++) {
        const int32_t old = lwnn_value(state[i]) + 128, now = lwnn_value(outputs[i]) + 128;
        state[i] = lwnn_act_of(((keep * old + (256 - keep) * now + 128) >> 8) - 128);
    }
}

#endif
