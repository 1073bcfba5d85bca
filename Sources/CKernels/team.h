// Sharing work among the threads of a context's team, and the memory they work in.
#ifndef HPM_TEAM_H
#define HPM_TEAM_H

#include "CKernels.h"

/// `body` takes the items [first, last) that are its thread's: a static split, so that equal inputs give equal bits.
void hpm_share(hpm_context *context, int64_t items, void (*body)(const void *work, int64_t first, int64_t last), const void *work);

/// At least `floats` floats at the context's `scratch`, whatever they are.
hpm_status hpm_reserve_scratch(hpm_context *context, size_t floats);

#endif
