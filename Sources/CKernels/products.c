// Shares the tiles of a matrix product among the team.
#include "products.h"

#include "context.h"
#include "team.h"

// The team as a grid: each of its cells multiplies some rows of a with some columns of b.
typedef struct {
    const hpm_product *product;
    int64_t down, along;
    float *scratch;
    int64_t scratch_floats;
} product_grid;

// Where share `index` of `shares` begins, in whole steps.
static int64_t beginning(int64_t count, int64_t step, int64_t index, int64_t shares) {
    const int64_t start = (count + step - 1) / step * index / shares * step;
    return start < count ? start : count;
}

static void multiply_share(const void *data, int64_t first, int64_t last) {
    const product_grid *grid = data;
    const hpm_product *p = grid->product;
    const hpm_product_loops *loops = &hpm_product_loops_avx2;
    for (int64_t cell = first; cell < last; cell++) {
        const int64_t row = cell / grid->along, column = cell % grid->along;
        loops->multiply(p, beginning(p->rows, loops->row_step, row, grid->down), beginning(p->rows, loops->row_step, row + 1, grid->down),
                        beginning(p->columns, loops->column_step, column, grid->along),
                        beginning(p->columns, loops->column_step, column + 1, grid->along), grid->scratch + cell * grid->scratch_floats);
    }
}

hpm_status hpm_multiply(hpm_context *context, const hpm_product *product) {
    product_grid grid = {product, 1, context->threads, NULL, hpm_product_loops_avx2.scratch_floats()};
    // Every cell lays out its part of b anew: the grid that reads least in all.
    int64_t least = INT64_MAX;
    for (int64_t down = 1; down <= context->threads; down++) {
        const int64_t along = context->threads / down, read = down * product->columns + along * product->rows;
        if (context->threads % down != 0 || read >= least) continue;
        least = read;
        grid.down = down;
        grid.along = along;
    }
    hpm_status status = hpm_reserve_scratch(context, (size_t)(grid.scratch_floats * context->threads));
    if (status != hpm_ok) return status;
    grid.scratch = context->scratch;
    hpm_share(context, context->threads, multiply_share, &grid);
    return hpm_ok;
}
