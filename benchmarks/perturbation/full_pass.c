/* One forward pass per parameter, as Jabri & Flower (1992) write it, in plain C.
 *
 * Layers [out][in], each followed by its biases; activations [unit][sample], so that the compiler
 * makes vector code of the innermost loops. ReLU in the hidden layers, linear outputs. */
#include <math.h>
#include <string.h>

static double cost(const float *z, const int *y, int classes, int batch, int squared)
{
    double sum = 0;
    for (int b = 0; b < batch; b++) {
        if (squared) {
            for (int c = 0; c < classes; c++) {
                float a = 1 / (1 + expf(-z[c * batch + b])) - (c == y[b]);
                sum += 0.5 * a * a;
            }
        } else {
            float top = z[b], total = 0;
            for (int c = 1; c < classes; c++)
                top = z[c * batch + b] > top ? z[c * batch + b] : top;
            for (int c = 0; c < classes; c++)
                total += expf(z[c * batch + b] - top);
            sum += logf(total) + top - z[y[b] * batch + b];
        }
    }
    return sum;
}

static double forward(const float *params, const int *widths, int layers, const float *x,
                      const int *y, int batch, int squared, float *one, float *two)
{
    const float *below = x;
    float *above = one;
    for (int l = 0; l < layers; l++) {
        int inputs = widths[l], outputs = widths[l + 1];
        const float *bias = params + (long)inputs * outputs;
        for (int o = 0; o < outputs; o++) {
            float *line = above + (long)o * batch;
            for (int b = 0; b < batch; b++)
                line[b] = bias[o];
            for (int i = 0; i < inputs; i++) {
                float w = params[(long)o * inputs + i];
                for (int b = 0; b < batch; b++)
                    line[b] += w * below[(long)i * batch + b];
            }
            if (l + 1 < layers)
                for (int b = 0; b < batch; b++)
                    line[b] = line[b] > 0 ? line[b] : 0;
        }
        params = bias + outputs;
        below = above;
        above = above == one ? two : one;
    }
    return cost(below, y, widths[layers], batch, squared);
}

void gradient(float *params, int size, const int *widths, int layers, const float *x, const int *y,
              int batch, int squared, float delta, float *one, float *two, float *out)
{
    double start = forward(params, widths, layers, x, y, batch, squared, one, two);
    for (int k = 0; k < size; k++) {
        float kept = params[k];
        params[k] = kept + delta;
        out[k] = (float)((forward(params, widths, layers, x, y, batch, squared, one, two) - start)
                         / (delta * batch));
        params[k] = kept;
    }
}
