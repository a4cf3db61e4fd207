/* $title: $count rows with the scores that the PC computes.
 *
 * Made by lwnn $version from the model with SHA-256
 * $sha256
 */
#include "$name.h"
#include "lwnn_runtime.h"
$includes
$arrays

$compare
int ${name}_selftest(void)
{
    float features[${NAME}_FEATURES];
    ${name}_score scores[${NAME}_CLASSES], expected;
    ${name}_scratch scratch;
    int row, i;
    for (row = 0; row < $count; row++) {
        const $row_type *const x = ${name}_selftest_rows + (lwnn_count)row * ${NAME}_FEATURES;
        for (i = 0; i < ${NAME}_FEATURES; i++)
            features[i] = (float)$read(x + i);
        ${name}_scores(features, scores, &scratch);
        for (i = 0; i < ${NAME}_CLASSES; i++) {
            lwnn_fetch(&expected, ${name}_selftest_scores + (lwnn_count)row * ${NAME}_CLASSES + i,
                       sizeof expected);
            if (${name}_differ(scores[i], expected))
                return row;
        }
    }
    return -1;
}
