/* Sums of floats depend on the compiler; they agree to a part in 100,000. */
static int ${name}_differ(${name}_score a, ${name}_score b)
{
    const float gap = a > b ? a - b : b - a, size = b > 0.0f ? b : -b;
    return !(gap <= $tolerance * (size > 1.0f ? size : 1.0f));
}
