#include <malloc.h>

#include "CKernels.h"

void hpm_return_free_memory(void) { malloc_trim(0); }
