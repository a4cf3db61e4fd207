/* $title
 *
 * Made by lwnn $version from the model with SHA-256
 * $sha256
 * for $target. Made anew by each export: change the model, not this file.
 *
 *     $usage   in the order below
 *     $prints
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

/* $score_meaning */
typedef $score_type ${name}_score;

/* Working memory. Holds nothing between calls. */
typedef union {
    int32_t alignment;
    struct {
$scratch
    } part;
} ${name}_scratch;

$answers$int8_interface$selftest
#ifdef __cplusplus
}
#endif

#endif
