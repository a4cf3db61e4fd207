/* lwnn runtime: layers in single precision, for processors that have it.
 *
 * All functions are static, nothing is allocated or kept between calls. Sigmoid, tanh and roots
 * are those of the C library.
 */
#ifndef LWNN_FLOAT_H
#define LWNN_FLOAT_H

#include <math.h>

#include "lwnn_runtime.h"

enum { LWNN_LINEAR, LWNN_RELU, LWNN_SIGMOID, LWNN_TANH, LWNN_LEAKY_RELU, LWNN_STEP };

/* clip((x - offset) * scale); what is not a number becomes 0. */
LWNN_APART void lwnn_scale_row(const float *x, const float *offset, const float *scale,
                               lwnn_count inputs, float clip, float *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++) {
        float t = (x[i] - LWNN_REAL(offset + i)) * LWNN_REAL(scale + i);
        if (!(t >= -clip))
            t = t < 0.0f ? -clip : 0.0f;
        out[i] = t < clip ? t : clip;
    }
}

LWNN_INLINE float lwnn_activate(float z, int activation)
{
    switch (activation) {
    case LWNN_RELU:
        return z > 0.0f ? z : 0.0f;
    case LWNN_SIGMOID:
        return 1.0f / (1.0f + expf(-z));
    case LWNN_TANH:
        return tanhf(z);
    case LWNN_LEAKY_RELU:
        return z > 0.0f ? z : 0.01f * z;
    case LWNN_STEP:
        return z > 0.0f ? 1.0f : 0.0f;
    default:
        return z;
    }
}

/* out = weight x. */
LWNN_APART void lwnn_float_sums(const float *weight, lwnn_count inputs, lwnn_count outputs,
                                const float *x, float *out)
{
    lwnn_count o, i;
    for (o = 0; o < outputs; o++) {
        float z = 0.0f;
        for (i = 0; i < inputs; i++)
            z += LWNN_REAL(weight++) * x[i];
        out[o] = z;
    }
}

/* out = activation(weight x + bias). */
LWNN_APART void lwnn_float_dense(const float *weight, const float *bias, lwnn_count inputs,
                                 lwnn_count outputs, int activation, const float *x, float *out)
{
    lwnn_count o;
    lwnn_float_sums(weight, inputs, outputs, x, out);
    for (o = 0; o < outputs; o++)
        out[o] = lwnn_activate(out[o] + LWNN_REAL(bias + o), activation);
}

/* out = ReLU(sums + bias of a label). */
LWNN_APART void lwnn_float_add(const float *sums, const float *bias, lwnn_count units, float *out)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        out[i] = lwnn_activate(sums[i] + LWNN_REAL(bias + i), LWNN_RELU);
}

LWNN_APART float lwnn_float_squares(const float *x, lwnn_count units)
{
    float total = 0.0f;
    lwnn_count i;
    for (i = 0; i < units; i++)
        total += x[i] * x[i];
    return total;
}

/* out = x / (root mean square of x). */
LWNN_APART void lwnn_float_normalize(const float *x, lwnn_count units, float *out)
{
    const float by = 1.0f / (sqrtf(lwnn_float_squares(x, units) / (float)units) + 1e-6f);
    lwnn_count i;
    for (i = 0; i < units; i++)
        out[i] = x[i] * by;
}

/* Append the outputs of a layer to those that the head reads. */
LWNN_APART void lwnn_float_join(const float *x, lwnn_count units, float *out)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        out[i] = x[i];
}

/* Index of the greatest score; of equal ones the first. */
LWNN_APART int lwnn_float_greatest(const float *scores, int classes)
{
    int best = 0, c;
    for (c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

#endif
