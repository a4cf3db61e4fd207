/* lwnn runtime: layers, whatever the layout. Included by the layout. */
#ifndef LWNN_LAYERS_H
#define LWNN_LAYERS_H

typedef struct {
    const lwnn_weight *weight;
    const int32_t *bias; /* a row per pass */
    const int32_t *multiplier;
    const int8_t *right;
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

#if !defined(LWNN_OWN_UPPER)
/* The upper half of a product of 64 bits. */
LWNN_INLINE int32_t lwnn_upper(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b) >> 32);
}
#endif

/* sum * multiplier / 2^(32 + right), saturated. A model says how it is rounded and in how many
 * bits: half up and by the upper half of the product; LWNN_WIDE: half up, for a `right` below 1;
 * LWNN_DOUBLE: twice, to 2^31 half up, then half away from zero, as TensorFlow Lite for
 * Microcontrollers and CMSIS-NN do. */
LWNN_INLINE int32_t lwnn_requantize(int32_t sum, int32_t multiplier, int8_t right,
                                    int32_t zero_point)
{
#if defined(LWNN_DOUBLE) || defined(LWNN_WIDE)
    const int64_t low = -128 - zero_point, high = 127 - zero_point;
    int64_t value = sum;
#if defined(LWNN_DOUBLE)
    if (right < -1) {
        /* What leaves 32 bits saturates in the end. */
        value *= (int64_t)1 << (-1 - right);
        value = value > -2147483647 ? value : -2147483647;
        value = value < 2147483647 ? value : 2147483647;
    }
    value = (value * multiplier + ((int64_t)1 << 30)) >> 31;
    if (right >= 0)
        value = (value + ((int64_t)1 << right) - (value < 0)) >> (right + 1);
#else
    value = (value * multiplier + ((int64_t)1 << (31 + right))) >> (32 + right);
#endif
    value = value > low ? value : low;
    value = value < high ? value : high;
    return (int32_t)value + zero_point;
#else
    const int32_t upper = lwnn_upper(sum, multiplier);
    return lwnn_clamp((((upper >> (right - 1)) + 1) >> 1) + zero_point);
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

/* An activation that is a table, in place. */
LWNN_INLINE void lwnn_look_up(const lwnn_layer *layer, lwnn_act *x)
{
    lwnn_count o;
    if (layer->table)
        for (o = 0; o < layer->outputs; o++)
            x[o] = lwnn_act_of((int8_t)LWNN_BYTE(layer->table + (lwnn_value(x[o]) + 128)));
}

LWNN_INLINE lwnn_act lwnn_output(const lwnn_layer *layer, lwnn_count o, int32_t sum)
{
    return lwnn_act_of(lwnn_requantize(sum, (int32_t)LWNN_WORD(layer->multiplier + o),
                                       (int8_t)LWNN_BYTE(layer->right + o), layer->zero_point));
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
    lwnn_look_up(&layer, out);
}

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
    lwnn_look_up(&layer, out);
}

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
