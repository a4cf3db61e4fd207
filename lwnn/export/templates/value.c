float ${name}_value(${name}_score score)
{
    return $offset + $scale * ($steps);
}
