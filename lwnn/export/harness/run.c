/* Predict every row that comes in; a record of what was computed goes out for each. */
#include "harness.h"

typedef struct {
    int32_t index;
    int32_t agree;   /* whether the other functions say the same */
    uint32_t int8;   /* instructions or cycles from int8 input to scores */
    uint32_t whole;  /* the same from raw readings */
    uint32_t stack;  /* bytes beyond the caller's frame, from int8 input or raw readings */
} record;

static float features[FEATURES];
static MODEL_(_score) scores[CLASSES];
static MODEL_(_scratch) scratch;
#if defined(INT8)
static int8_t input[INPUTS];
static MODEL_(_score) again[CLASSES];
#endif

static void predict(record *found)
{
    uint32_t start = platform_clock();
    found->index = MODEL_(_scores)(features, scores, &scratch);
    found->whole = platform_since(start);
    found->agree = MODEL_(_predict)(features) == found->index;
    found->int8 = 0;
#if defined(INT8)
    {
        int c;
        MODEL_(_quantize)(features, input);
        start = platform_clock();
        found->agree &= MODEL_(_scores_int8)(input, again, &scratch) == found->index;
        found->int8 = platform_since(start);
        for (c = 0; c < CLASSES; c++)
            found->agree &= again[c] == scores[c];
        found->agree &= MODEL_(_predict_int8)(input) == found->index;
    }
#endif
    platform_paint();
#if defined(INT8)
    (void)MODEL_(_scores_int8)(input, again, &scratch);
#else
    (void)MODEL_(_scores)(features, scores, &scratch);
#endif
    found->stack = platform_painted();
}

int main(void)
{
    record found;
    int32_t test = -1;
    platform_start();
#if defined(SELF_TEST)
    test = MODEL_(_selftest)();
#endif
    platform_write(&test, sizeof test);
    while (platform_read(features, sizeof features)) {
        predict(&found);
        platform_write(&found, sizeof found);
        platform_write(scores, sizeof scores);
#if defined(INT8)
        platform_write(input, sizeof input);
#endif
    }
    platform_end();
    return 0;
}
