const char *${name}_label(int index)
{
    static const char *const labels[${NAME}_CLASSES] = {
$labels
    };
    return index >= 0 && index < ${NAME}_CLASSES ? labels[index] : "";
}
