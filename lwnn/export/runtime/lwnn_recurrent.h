/* lwnn runtime: what a layer remembers from one step of a sequence to the next. */
#ifndef LWNN_RECURRENT_H
#define LWNN_RECURRENT_H

/* Before the first step: the integer for 0. */
LWNN_APART void lwnn_forget(lwnn_act *state, lwnn_count units, int zero_point)
{
    lwnn_count o;
    for (o = 0; o < units; o++)
        state[o] = lwnn_act_of(zero_point);
}

/* Put activations behind the first `at` of those that a layer reads; returns how many there are
 * then. What pads them reads weights of 0. */
LWNN_APART lwnn_count lwnn_put(const lwnn_act *x, lwnn_count count, lwnn_act *to, lwnn_count at)
{
    lwnn_count i;
    for (i = 0; i < count; i++)
        to[at++] = x[i];
    for (i = at; i % LWNN_PAD != 0; i++)
        to[i] = lwnn_act_of(0);
    return at;
}

#endif
