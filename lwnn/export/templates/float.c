${layers}int ${name}_scores(const float *features, ${name}_score *scores, ${name}_scratch *scratch)
{
$steps
}

