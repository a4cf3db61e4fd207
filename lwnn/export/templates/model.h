/* $title
 *
 * Made by lwnn $version from the model with SHA-256
 * $sha256
 * for $target. Made anew by each export: change the model, not this file.
 *
 *     int index = ${name}_predict(features);   in the order below
 *     puts(${name}_label(index));
 *
$features
 */
#ifndef ${NAME}_H
#define ${NAME}_H

#include <stdint.h>

#define ${NAME}_MODEL "$sha256"
/* Readings of a row, and what the net makes of them first. */
#define ${NAME}_FEATURES $readings
#define ${NAME}_INPUTS $inputs
#define ${NAME}_CLASSES $classes
/* Bytes of constants in flash: weights, biases, multipliers, input scaling. */
#define ${NAME}_ROM $rom
/* Bytes of working memory while a row is predicted; ${name}_scratch is that much. */
#define ${NAME}_RAM $ram
$levels
#ifdef __cplusplus
extern "C" {
#endif

/* A score per class; the highest wins. $score_meaning */
typedef $score_type ${name}_score;

/* Working memory. Holds nothing between calls. */
typedef union {
    int32_t alignment;
    struct {
$scratch
    } part;
} ${name}_scratch;

/* Index of the class of a row of ${NAME}_FEATURES readings. ${NAME}_RAM bytes of stack. */
int ${name}_predict(const float *features);

/* The same with ${NAME}_CLASSES scores, and with working memory of the caller's. */
int ${name}_scores(const float *features, ${name}_score *scores, ${name}_scratch *scratch);
$int8_interface
/* Name of a class, or "" where there is none of that index. */
const char *${name}_label(int index);
$selftest
#ifdef __cplusplus
}
#endif

#endif
