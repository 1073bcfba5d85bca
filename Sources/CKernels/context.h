// A context: the oneDNN engine and stream of one calling thread, the size of its team, and memory for its loops.
#ifndef HPM_CONTEXT_H
#define HPM_CONTEXT_H

#include <dnnl.h>

#include "CKernels.h"

struct hpm_context {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int threads;
    float *scratch;  // attention's, grown to the largest need
    size_t scratch_floats;
};

#endif
