/* lwnn runtime: states of a top-down net in single precision, which settle step by step. */
#ifndef LWNN_FLOAT_SETTLE_H
#define LWNN_FLOAT_SETTLE_H

#include "lwnn_float.h"

/* out += weight x. */
LWNN_APART void lwnn_float_add_sums(const float *weight, lwnn_count inputs, lwnn_count outputs,
                                    const float *x, float *out)
{
    lwnn_count o, i;
    for (o = 0; o < outputs; o++) {
        float z = 0.0f;
        for (i = 0; i < inputs; i++)
            z += LWNN_REAL(weight++) * x[i];
        out[o] += z;
    }
}

/* ReLU(x + bias), in place. */
LWNN_APART void lwnn_float_rectify(const float *bias, lwnn_count units, float *x)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        x[i] = lwnn_activate(x[i] + LWNN_REAL(bias + i), LWNN_RELU);
}

/* A state keeps a share of what it was and takes the rest from the outputs of its layer. */
LWNN_APART void lwnn_float_settle(const float *outputs, lwnn_count units, float keep, float *state)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        state[i] = keep * state[i] + (1.0f - keep) * outputs[i];
}

#endif
