static int ${name}_differ(${name}_score a, ${name}_score b)
{
    return a != b;
}
