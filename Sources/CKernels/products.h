// Matrix products of our own, in float32, for processors on which oneDNN has no batch-reduced kernels.
#ifndef HPM_PRODUCTS_H
#define HPM_PRODUCTS_H

#include "CKernels.h"

/// c [rows, columns] = a b (+ bias) (+ addend), a [rows, depth] and b [depth, columns] as they lie or `across`: transposed in memory.
/// All are dense. `addend` lies as c and may be c. Unless NULL, `activated` takes gelu(c), and may be c.
typedef struct {
    int64_t rows, depth, columns;
    const float *a, *b;
    bool a_across, b_across;
    const float *bias, *addend;
    float *c, *activated;
} hpm_product;

/// The product, shared among the context's team. Each number is summed in an order that follows from the depth alone.
hpm_status hpm_multiply(hpm_context *context, const hpm_product *product);

typedef struct {
    int64_t row_step, column_step;  // what shares of a product are multiples of
    int64_t (*scratch_floats)(void);
    void (*multiply)(const hpm_product *product, int64_t first_row, int64_t last_row, int64_t first_column, int64_t last_column,
                     float *scratch);
} hpm_product_loops;

extern const hpm_product_loops hpm_product_loops_avx2;

#endif
