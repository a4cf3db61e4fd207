
/* Predicts $count rows that are stored with their scores: -1 when all are as on the PC, else the
 * index of the first row that differs. Its code is in ${name}_selftest.c. */
int ${name}_selftest(void);
