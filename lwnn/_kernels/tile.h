/* The register tile: the one loop in which a training step spends its time.
 *
 *     out[r][l]  (=, or += scale *)  sum over k of  a[r * row_step + k * depth_step] * b[k * ldb + l]
 *
 * A few rows r by one or two vectors of lanes l are held in registers while k runs. The scalars
 * of `a` are broadcast where they lie, so weights are never repacked; strides let the same tile
 * serve the forward product (lanes are samples), the gradient (lanes are inputs, k is the batch)
 * and the way back (a is read down its columns).
 *
 * The width follows from the flags this file is compiled with, nothing else does: the order of
 * the sum over k never depends on threads or on where a tile lies, so results repeat bit for bit.
 */
#ifndef LWNN_TILE_H
#define LWNN_TILE_H

#include <stddef.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LWNN_VECTOR = 16, LWNN_ROWS = 12 };
#elif defined(__AVX__)
enum { LWNN_VECTOR = 8, LWNN_ROWS = 6 };
#else
enum { LWNN_VECTOR = 4, LWNN_ROWS = 6 };
#endif
enum { LWNN_LANES = 2 * LWNN_VECTOR };

typedef float lwnn_vec __attribute__((vector_size(LWNN_VECTOR * sizeof(float))));

#define LWNN_INLINE static inline __attribute__((always_inline))

LWNN_INLINE lwnn_vec lwnn_load(const float *p)
{
    lwnn_vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

LWNN_INLINE void lwnn_store(float *p, lwnn_vec v)
{
    memcpy(p, &v, sizeof v);
}

typedef int lwnn_mask __attribute__((vector_size(LWNN_VECTOR * sizeof(float))));

/* `a` where the mask is set, else `b`. */
LWNN_INLINE lwnn_vec lwnn_where(lwnn_mask mask, lwnn_vec a, lwnn_vec b)
{
    return (lwnn_vec)(((lwnn_mask)a & mask) | ((lwnn_mask)b & ~mask));
}

/* What becomes of a finished sum. */
enum { LWNN_SET = 0, LWNN_ADD = 1 };

/* `lanes` of the tile's vectors are written; the rest were computed on padding and are dropped. */
LWNN_INLINE void lwnn_tile_end(int rows, int vectors, const lwnn_vec sum[LWNN_ROWS][2], int mode,
                               float scale, ptrdiff_t lanes, float *out, ptrdiff_t ldo)
{
    if (lanes >= vectors * LWNN_VECTOR) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) {
                float *p = out + r * ldo + v * LWNN_VECTOR;
                lwnn_store(p, mode == LWNN_SET ? sum[r][v] * scale
                                               : lwnn_load(p) + sum[r][v] * scale);
            }
        return;
    }
    for (int r = 0; r < rows; r++) {
        float line[LWNN_LANES];
        for (int v = 0; v < vectors; v++)
            lwnn_store(line + v * LWNN_VECTOR, sum[r][v] * scale);
        for (ptrdiff_t l = 0; l < lanes; l++)
            out[r * ldo + l] = mode == LWNN_SET ? line[l] : out[r * ldo + l] + line[l];
    }
}

LWNN_INLINE void lwnn_tile_fixed(int rows, int vectors, const float *a, ptrdiff_t row_step,
                                 ptrdiff_t depth_step, const float *b, ptrdiff_t ldb,
                                 ptrdiff_t depth, int mode, float scale, ptrdiff_t lanes,
                                 float *out, ptrdiff_t ldo)
{
    lwnn_vec sum[LWNN_ROWS][2];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            sum[r][v] = (lwnn_vec){0};
    for (ptrdiff_t k = 0; k < depth; k++) {
        lwnn_vec line[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            line[v] = lwnn_load(b + k * ldb + v * LWNN_VECTOR);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            const float w = a[r * row_step + k * depth_step];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++)
                sum[r][v] += line[v] * w;
        }
    }
    lwnn_tile_end(rows, vectors, (const lwnn_vec(*)[2])sum, mode, scale, lanes, out, ldo);
}

/* Row counts are compile-time constants inside each case, so that the sums stay in registers;
 * and a depth step of 1, which all but the way back have, so that the rows need one index. */
#define LWNN_SIZED(R, STEP)                                                                       \
    if (lanes > LWNN_VECTOR)                                                                      \
        lwnn_tile_fixed(R, 2, a, row_step, STEP, b, ldb, depth, mode, scale, lanes, out, ldo);    \
    else                                                                                          \
        lwnn_tile_fixed(R, 1, a, row_step, STEP, b, ldb, depth, mode, scale, lanes, out, ldo);
#define LWNN_CASE(R)                                                                              \
    case R:                                                                                       \
        if (depth_step == 1) {                                                                    \
            LWNN_SIZED(R, 1)                                                                      \
        } else {                                                                                  \
            LWNN_SIZED(R, depth_step)                                                             \
        }                                                                                         \
        break;

static void lwnn_tile(int rows, const float *a, ptrdiff_t row_step, ptrdiff_t depth_step,
                      const float *b, ptrdiff_t ldb, ptrdiff_t depth, int mode, float scale,
                      ptrdiff_t lanes, float *out, ptrdiff_t ldo)
{
    switch (rows) {
        LWNN_CASE(1) LWNN_CASE(2) LWNN_CASE(3) LWNN_CASE(4) LWNN_CASE(5) LWNN_CASE(6)
#if defined(__AVX512F__)
        LWNN_CASE(7) LWNN_CASE(8) LWNN_CASE(9) LWNN_CASE(10) LWNN_CASE(11) LWNN_CASE(12)
#endif
    }
}

#undef LWNN_CASE
#undef LWNN_SIZED

/* out[r] + bias[r] for a tile that was just written, and ReLU; NaN becomes 0 there. */
static void lwnn_tile_bias(ptrdiff_t rows, const float *bias, int relu, float *out, ptrdiff_t ldo)
{
    const lwnn_vec zero = {0};
    for (ptrdiff_t r = 0; r < rows; r++)
        for (int v = 0; v < 2; v++) {
            float *p = out + r * ldo + v * LWNN_VECTOR;
            const lwnn_vec z = lwnn_load(p) + bias[r];
            lwnn_store(p, relu ? lwnn_where(z > zero, z, zero) : z);
        }
}

/* out = a * b, the columns of a tile. */
LWNN_INLINE void lwnn_times(const float *a, const float *b, float *out)
{
#pragma GCC unroll 2
    for (int l = 0; l < LWNN_LANES; l += LWNN_VECTOR)
        lwnn_store(out + l, lwnn_load(a + l) * lwnn_load(b + l));
}

/* Ask the cache for what will be read soon. */
LWNN_INLINE void lwnn_fetch(const void *start, ptrdiff_t bytes)
{
    for (ptrdiff_t at = 0; at < bytes; at += 64)
        __builtin_prefetch((const char *)start + at);
}

LWNN_INLINE float lwnn_lane_sum(lwnn_vec v)
{
    typedef float quarter __attribute__((vector_size(4 * sizeof(float))));
    quarter part[LWNN_VECTOR / 4], sum;
    memcpy(part, &v, sizeof v);
    sum = part[0];
    for (int p = 1; p < LWNN_VECTOR / 4; p++)
        sum += part[p];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* `b` as the tile reads it fastest: the columns of each tile side by side, row after row. */
static void lwnn_pack(const float *b, ptrdiff_t ldb, ptrdiff_t depth, ptrdiff_t columns, float *out)
{
    for (ptrdiff_t j = 0; j < columns; j += LWNN_LANES)
        for (ptrdiff_t k = 0; k < depth; k++, out += LWNN_LANES)
            memcpy(out, b + k * ldb + j, LWNN_LANES * sizeof(float));
}

LWNN_INLINE float lwnn_sum(const float *a, ptrdiff_t n)
{
    lwnn_vec sum = {0};
    ptrdiff_t i = 0;
    for (; i + LWNN_VECTOR <= n; i += LWNN_VECTOR)
        sum += lwnn_load(a + i);
    float total = lwnn_lane_sum(sum);
    for (; i < n; i++)
        total += a[i];
    return total;
}

LWNN_INLINE float lwnn_squares(const float *a, ptrdiff_t n)
{
    lwnn_vec sum = {0};
    ptrdiff_t i = 0;
    for (; i + LWNN_VECTOR <= n; i += LWNN_VECTOR) {
        const lwnn_vec v = lwnn_load(a + i);
        sum += v * v;
    }
    float total = lwnn_lane_sum(sum);
    for (; i < n; i++)
        total += a[i] * a[i];
    return total;
}

/* Few samples: lanes run along the inputs, so that one sample still fills a vector.
 * out[r] = sum over k of a[r][k] * x[k]. The weights are read once, from end to end, so their way
 * from the outer caches is the limit: a row at a time, fetched LWNN_AHEAD floats before its use. */
enum { LWNN_AHEAD = 512 };

static void lwnn_dot(ptrdiff_t rows, const float *a, ptrdiff_t depth, const float *x, float *out)
{
    for (ptrdiff_t r = 0; r < rows; r++, a += depth) {
        lwnn_vec sum[4] = {{0}};
        ptrdiff_t k = 0;
        for (; k + 4 * LWNN_VECTOR <= depth; k += 4 * LWNN_VECTOR) {
            lwnn_fetch(a + k + LWNN_AHEAD, 4 * LWNN_VECTOR * sizeof(float));
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++)
                sum[v] += lwnn_load(a + k + v * LWNN_VECTOR) * lwnn_load(x + k + v * LWNN_VECTOR);
        }
        for (; k + LWNN_VECTOR <= depth; k += LWNN_VECTOR)
            sum[0] += lwnn_load(a + k) * lwnn_load(x + k);
        float rest = 0;
        for (; k < depth; k++)
            rest += a[k] * x[k];
        out[r] = lwnn_lane_sum((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest;
    }
}

/* y += c x, the rank-1 update of one unit's weights. */
LWNN_INLINE void lwnn_axpy(float *restrict y, const float *restrict x, float c, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; i + LWNN_VECTOR <= n; i += LWNN_VECTOR)
        lwnn_store(y + i, lwnn_load(y + i) + lwnn_load(x + i) * c);
    for (; i < n; i++)
        y[i] += c * x[i];
}

/* clip(v), and 0 for what is not a number. */
LWNN_INLINE lwnn_vec lwnn_clip(lwnn_vec v, float clip)
{
    const lwnn_vec zero = {0}, most = zero + clip, least = zero - clip;
    v = lwnn_where(v == v, v, zero);
    v = lwnn_where(v < most, v, most);
    return lwnn_where(v > least, v, least);
}

/* Bytes by way of integers, a loop that compilers know an instruction for. */
LWNN_INLINE lwnn_vec lwnn_load_byte(const unsigned char *p)
{
    int wide[LWNN_VECTOR];
    lwnn_mask v;
    for (int l = 0; l < LWNN_VECTOR; l++)
        wide[l] = p[l];
    memcpy(&v, wide, sizeof v);
    return __builtin_convertvector(v, lwnn_vec);
}

/* out = clip((x - offset) * scale), of raw data as stored. A constant feature has scale 0
 * and reads 0 even where the difference overflows. */
#define LWNN_SCALE(NAME, TYPE, LOAD)                                                              \
    LWNN_INLINE void NAME(const TYPE *x, const float *offset, const float *scale, float clip,     \
                          ptrdiff_t n, float *out)                                                \
    {                                                                                             \
        ptrdiff_t i = 0;                                                                          \
        for (; i + LWNN_VECTOR <= n; i += LWNN_VECTOR)                                            \
            lwnn_store(out + i, lwnn_clip((LOAD(x + i) - lwnn_load(offset + i))                   \
                                              * lwnn_load(scale + i), clip));                     \
        for (; i < n; i++) {                                                                      \
            float value = ((float)x[i] - offset[i]) * scale[i];                                   \
            value = value == value ? value : 0;                                                   \
            value = value < clip ? value : clip;                                                  \
            out[i] = value > -clip ? value : -clip;                                               \
        }                                                                                         \
    }
LWNN_SCALE(lwnn_scale_float, float, lwnn_load)
LWNN_SCALE(lwnn_scale_byte, unsigned char, lwnn_load_byte)
#undef LWNN_SCALE

/* Four rows of four become four columns. */
LWNN_INLINE void lwnn_transpose_four(const float *a, ptrdiff_t lda, float *out, ptrdiff_t ldo)
{
    typedef float four __attribute__((vector_size(4 * sizeof(float))));
    typedef int places __attribute__((vector_size(4 * sizeof(int))));
    four row[4], low, high, low2, high2;
    for (int r = 0; r < 4; r++)
        memcpy(&row[r], a + r * lda, sizeof row[r]);
#if defined(__clang__)
#define LWNN_PICK(x, y, i, j, k, l) __builtin_shufflevector(x, y, i, j, k, l)
#else
#define LWNN_PICK(x, y, i, j, k, l) __builtin_shuffle(x, y, (places){i, j, k, l})
#endif
    low = LWNN_PICK(row[0], row[1], 0, 4, 1, 5);
    high = LWNN_PICK(row[0], row[1], 2, 6, 3, 7);
    low2 = LWNN_PICK(row[2], row[3], 0, 4, 1, 5);
    high2 = LWNN_PICK(row[2], row[3], 2, 6, 3, 7);
    row[0] = LWNN_PICK(low, low2, 0, 1, 4, 5);
    row[1] = LWNN_PICK(low, low2, 2, 3, 6, 7);
    row[2] = LWNN_PICK(high, high2, 0, 1, 4, 5);
    row[3] = LWNN_PICK(high, high2, 2, 3, 6, 7);
#undef LWNN_PICK
    for (int r = 0; r < 4; r++)
        memcpy(out + r * ldo, &row[r], sizeof row[r]);
}

/* out[c][r] = a[r][c], sixteen rows at a time so that the lines written to stay in cache. */
static void lwnn_transpose(const float *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t cols,
                           float *out, ptrdiff_t ldo)
{
    const ptrdiff_t whole_rows = rows / 4 * 4, whole_cols = cols / 4 * 4;
    for (ptrdiff_t block = 0; block < whole_rows; block += 16) {
        const ptrdiff_t end = block + 16 < whole_rows ? block + 16 : whole_rows;
        for (ptrdiff_t c = 0; c < whole_cols; c += 4)
            for (ptrdiff_t r = block; r < end; r += 4)
                lwnn_transpose_four(a + r * lda + c, lda, out + c * ldo + r, ldo);
    }
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = r < whole_rows ? whole_cols : 0; c < cols; c++)
            out[c * ldo + r] = a[r * lda + c];
}

#endif
