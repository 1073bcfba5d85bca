// What oneDNN's primitives of inference and of training have in common.
#ifndef HPM_PRIMITIVES_H
#define HPM_PRIMITIVES_H

#include <dnnl.h>

#include "CKernels.h"

dnnl_data_type_t hpm_library_type(hpm_element element);

hpm_status hpm_translated(dnnl_status_t status);

/// The attributes of a primitive that ends with `epilogue`.
dnnl_status_t hpm_make_attributes(hpm_epilogue epilogue, dnnl_primitive_attr_t *attributes);

#endif
