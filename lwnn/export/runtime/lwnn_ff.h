/* lwnn runtime: what a Forward-Forward net does at its end. */
#ifndef LWNN_FF_H
#define LWNN_FF_H

/* Copy activations to `out` from `start` on, with padding behind. */
LWNN_APART void lwnn_join(const lwnn_act *x, lwnn_count units, lwnn_act *out, lwnn_count start)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        out[start + i] = x[i];
    for (i += start; i % LWNN_PAD != 0; i++)
        out[i] = lwnn_act_of(0);
}

/* Add what a head says, weighted. */
LWNN_APART void lwnn_add_head(const lwnn_act *head, int classes, int zero_point, int32_t factor,
                              int64_t *scores)
{
    int c;
    for (c = 0; c < classes; c++)
        scores[c] += (int64_t)factor * (lwnn_value(head[c]) - zero_point);
}

/* Index of the greatest score; of equal ones the first. */
LWNN_APART int lwnn_greatest(const int64_t *scores, int classes)
{
    int best = 0, c;
    for (c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

#endif
