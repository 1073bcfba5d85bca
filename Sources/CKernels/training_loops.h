// What the instruction-set files share with training_loops.c: the work of each operation, and the table of its loops.
#ifndef HPM_TRAINING_LOOPS_H
#define HPM_TRAINING_LOOPS_H

#include "CKernels.h"

typedef struct {
    hpm_element element;
    const void *x;
    void *y;  // gelu's output; the gradient that gelu's backward changes; unused by column sums
    int64_t width;
} elements_work;

typedef struct {
    const float *row;  // [width], what the gradients multiply
    const hpm_mean_output_gradient *gradient;
} spread_work;

/// Works on rows [first, last); `sums` are set to the sums over these rows.
typedef void (*row_sums)(const void *work, int64_t first, int64_t last, float *sums);

typedef struct {
    // Elements [first, last).
    void (*gelu)(const elements_work *work, int64_t first, int64_t last);
    row_sums gelu_backward, column_sums;  // of elements_work
    row_sums layer_norm_backward;         // of hpm_layer_norm_gradient; sums [2 width], scale's and shift's
    row_sums spread_gradient;             // of spread_work
    // target[i] += factor · the sum over parts of parts[part · stride + i], for i of [first, last).
    void (*add_parts)(const float *parts, int64_t count, int64_t stride, float factor, float *target, int64_t first, int64_t last);
    // y[i] += x[i].
    void (*add_elements)(hpm_element element, const void *x, void *y, int64_t count);
    void (*convert)(hpm_element from, const void *source, hpm_element into, void *output, int64_t first, int64_t last);
    double (*sum_of_squares)(const float *x, int64_t count);
    void (*adamw)(const hpm_adamw *work, const hpm_parameter_group *group, int64_t first, int64_t last);
} hpm_training_loops;

extern const hpm_training_loops hpm_training_loops_avx2;
extern const hpm_training_loops hpm_training_loops_avx512;

#endif
