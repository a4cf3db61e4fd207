/* lwnn runtime: layers, whatever the layout. Included by the layout. */
#ifndef LWNN_LAYERS_H
#define LWNN_LAYERS_H

typedef struct {
    const lwnn_weight *weight;
    const int32_t *bias; /* a row per pass */
    const int32_t *multiplier;
    const uint8_t *right;
    const int8_t *table; /* 256 outputs of an activation, or none */
    lwnn_count inputs, outputs;
    int16_t zero_point;
} lwnn_layer;

LWNN_INLINE lwnn_layer lwnn_layer_at(const lwnn_layer *layer)
{
#if defined(__AVR__)
    lwnn_layer copy;
    lwnn_fetch(&copy, layer, sizeof copy);
    return copy;
#else
    return *layer;
#endif
}

/* Sums of a layer without bias, `LWNN_PAD` of them more at most. */
LWNN_APART void lwnn_sums(const lwnn_layer *where, const lwnn_act *x, int32_t *sums)
{
    const lwnn_layer layer = lwnn_layer_at(where);
    const int32_t start = lwnn_start(x, layer.inputs);
    lwnn_count o, n;
    for (o = 0; o < layer.outputs; o += 4) {
        int32_t four[4];
        four[0] = four[1] = four[2] = four[3] = start;
        lwnn_products(layer.weight, x, layer.inputs, o, layer.outputs, four);
        for (n = 0; n < 4 && o + n < layer.outputs; n++)
            sums[o + n] = four[n];
    }
}

LWNN_INLINE lwnn_act lwnn_output(const lwnn_layer *layer, lwnn_count o, int32_t sum)
{
    int32_t value = lwnn_requantize(sum, (int32_t)LWNN_WORD(layer->multiplier + o),
                                    (uint8_t)LWNN_BYTE(layer->right + o), layer->zero_point);
    if (layer->table)
        value = (int8_t)LWNN_BYTE(layer->table + (value + 128));
    return lwnn_act_of(value);
}

/* From sums to the outputs of a layer, with the biases of a pass. */
LWNN_APART void lwnn_outputs(const lwnn_layer *where, const int32_t *sums, lwnn_count pass,
                             lwnn_act *out)
{
    const lwnn_layer layer = lwnn_layer_at(where);
    const int32_t *bias = layer.bias + (uint32_t)pass * layer.outputs;
    lwnn_count o;
    for (o = 0; o < layer.outputs; o++)
        out[o] = lwnn_output(&layer, o, sums[o] + (int32_t)LWNN_WORD(bias + o));
    for (; o % LWNN_PAD != 0; o++)
        out[o] = lwnn_act_of(0);
}

#if !defined(LWNN_OWN_DENSE)
/* All of a layer: sums, biases, outputs. */
LWNN_APART void lwnn_dense(const lwnn_layer *where, const lwnn_act *x, lwnn_act *out)
{
    const lwnn_layer layer = lwnn_layer_at(where);
    const int32_t start = lwnn_start(x, layer.inputs);
    lwnn_count o, n;
    for (o = 0; o < layer.outputs; o += 4) {
        int32_t sums[4];
        sums[0] = sums[1] = sums[2] = sums[3] = start;
        lwnn_products(layer.weight, x, layer.inputs, o, layer.outputs, sums);
        for (n = 0; n < 4 && o + n < layer.outputs; n++)
            out[o + n] =
                lwnn_output(&layer, o + n, sums[n] + (int32_t)LWNN_WORD(layer.bias + o + n));
    }
    for (o = layer.outputs; o % LWNN_PAD != 0; o++)
        out[o] = lwnn_act_of(0);
}
#endif

/* Scores as int8, and the index of the greatest; of equal ones the first. */
LWNN_APART int lwnn_finish(const lwnn_act *x, lwnn_count classes, int8_t *scores)
{
    int32_t greatest = -129;
    int best = 0;
    lwnn_count c;
    for (c = 0; c < classes; c++) {
        const int32_t value = lwnn_value(x[c]);
        scores[c] = (int8_t)value;
        if (value > greatest) {
            greatest = value;
            best = (int)c;
        }
    }
    return best;
}

#endif
