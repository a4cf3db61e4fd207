/* The int8 kernels' inner loops, all exact: neither the width of a vector nor the order of a sum
 * can change a bit.
 *
 *     int8_vectors.h   vectors, and products of what is in them
 *     int8_ends.h      real rows to int8, sums to int8
 *     int8_few.h       sums of products of a few rows, from weights as they lie
 *     int8_many.h      a layer for a tile of rows, from weights laid out for it
 *     int8_pair.h      which of these weights share a sum
 */
#ifndef LWNN_INT8_H
#define LWNN_INT8_H

#include "int8_ends.h"
#include "int8_few.h"
#include "int8_many.h"
#include "int8_pair.h"

#endif
