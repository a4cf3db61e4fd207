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

/* out = ReLU(sums + bias + factor * label), the weights of a label. */
LWNN_APART void lwnn_float_add(const float *sums, const float *bias, const float *label,
                               float factor, lwnn_count units, float *out)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        out[i] = lwnn_activate(
            sums[i] + (LWNN_REAL(bias + i) + factor * LWNN_REAL(label + i)), LWNN_RELU);
}

LWNN_APART float lwnn_float_squares(const float *x, lwnn_count units)
{
    float total = 0.0f;
    lwnn_count i;
    for (i = 0; i < units; i++)
        total += x[i] * x[i];
    return total;
}

/* Sum of what is not negative. */
LWNN_APART float lwnn_float_absolute(const float *x, lwnn_count units)
{
    float total = 0.0f;
    lwnn_count i;
    for (i = 0; i < units; i++)
        total += x[i];
    return total;
}

/* Divide a row, whose squares sum up to `more` beside those of x, by its root mean square, in
 * place; returns by what was multiplied. */
LWNN_APART float lwnn_float_level(float *x, lwnn_count units, float more)
{
    const float squares = lwnn_float_squares(x, units) + more;
    const float by = 1.0f / (sqrtf(squares / (float)units) + 1e-6f);
    lwnn_count i;
    for (i = 0; i < units; i++)
        x[i] *= by;
    return by;
}

/* Make room for a label that takes the place of the first readings. */
LWNN_APART void lwnn_float_clear(float *x, lwnn_count count)
{
    lwnn_count i;
    for (i = 0; i < count; i++)
        x[i] = 0.0f;
}

/* Add `factor` times the scores of a head. */
LWNN_APART void lwnn_float_sum(const float *head, int classes, float factor, float *scores)
{
    int c;
    for (c = 0; c < classes; c++)
        scores[c] += factor * head[c];
}

/* The mean of two scores for each class. */
LWNN_APART void lwnn_float_mean(const float *head, int classes, float *scores)
{
    int c;
    for (c = 0; c < classes; c++)
        scores[c] = 0.5f * (scores[c] + head[c]);
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
