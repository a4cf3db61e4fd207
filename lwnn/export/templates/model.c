/* $title
 *
 * Made by lwnn $version from the model with SHA-256
 * $sha256
 */
#include "$name.h"

$defines$includes

$arrays

typedef char ${NAME}_ROM_is_right[(0ul + $rom_sum) == ${NAME}_ROM ? 1 : -1];
typedef char ${NAME}_RAM_is_right[sizeof(${name}_scratch) == ${NAME}_RAM ? 1 : -1];
typedef char ${NAME}_reals_have_32_bits[sizeof(float) == 4 ? 1 : -1];

$functions
$result ${name}_predict(const float *features)
{
    ${name}_scratch scratch;
    ${name}_score scores[${NAME}_CLASSES];
    $answer
}

$answers