/* lwnn runtime: what a Mono-Forward net does with its heads. */
#ifndef LWNN_MF_H
#define LWNN_MF_H

LWNN_APART void lwnn_set(const lwnn_act *head, int classes, int32_t *scores)
{
    int c;
    for (c = 0; c < classes; c++)
        scores[c] = lwnn_value(head[c]);
}

LWNN_APART void lwnn_add(const lwnn_act *head, int classes, int32_t *scores)
{
    int c;
    for (c = 0; c < classes; c++)
        scores[c] += lwnn_value(head[c]);
}

/* Index of the greatest score; of equal ones the first. */
LWNN_APART int lwnn_greatest(const int32_t *scores, int classes)
{
    int best = 0, c;
    for (c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

#endif
