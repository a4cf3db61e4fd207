/* Number predicted for a row of ${NAME}_FEATURES readings. ${NAME}_RAM bytes of stack. */
float ${name}_predict(const float *features);

/* The one score that it comes from, with working memory of the caller's; returns 0. */
int ${name}_scores(const float *features, ${name}_score *scores, ${name}_scratch *scratch);

/* The number that a score stands for, in the unit of the training data. */
float ${name}_value(${name}_score score);
