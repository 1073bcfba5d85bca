// A context: the oneDNN engine and stream of one calling thread, the size of its team, and memory for its loops.
#ifndef HPM_CONTEXT_H
#define HPM_CONTEXT_H

#include <dnnl.h>

#include "CKernels.h"

struct hpm_context {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int threads;
    float *scratch;  // the loops', grown to the largest need
    size_t scratch_floats;
    hpm_product_source product_source;
    struct hpm_products *products;  // matrix products of a training pass, made on first use
};

/// Forgets the products; NULL is none.
void hpm_products_destroy(struct hpm_products *products);

#endif
