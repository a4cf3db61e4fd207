/* Index of the class of a row of ${NAME}_FEATURES readings. ${NAME}_RAM bytes of stack. */
int ${name}_predict(const float *features);

/* The same with ${NAME}_CLASSES scores, and with working memory of the caller's. */
int ${name}_scores(const float *features, ${name}_score *scores, ${name}_scratch *scratch);

/* Name of a class, or "" where there is none of that index. */
const char *${name}_label(int index);
