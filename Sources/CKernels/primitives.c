#include "primitives.h"

dnnl_data_type_t hpm_library_type(hpm_element element) { return element == hpm_float32 ? dnnl_f32 : dnnl_bf16; }

hpm_status hpm_translated(dnnl_status_t status) {
    switch (status) {
    case dnnl_success: return hpm_ok;
    case dnnl_out_of_memory: return hpm_out_of_memory;
    case dnnl_unimplemented: return hpm_unsupported;
    default: return hpm_library_failed;
    }
}

dnnl_status_t hpm_make_attributes(hpm_epilogue epilogue, dnnl_primitive_attr_t *attributes) {
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    if (status != dnnl_success || epilogue == hpm_store) return status;
    dnnl_post_ops_t operations;
    status = dnnl_post_ops_create(&operations);
    if (status != dnnl_success) return status;
    if (epilogue == hpm_gelu) {
        status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0);
    } else if (epilogue == hpm_quick_gelu) {
        status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_swish, 1.702f, 0);
    } else {
        status = dnnl_post_ops_append_sum(operations, 1);
    }
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*attributes, operations);
    dnnl_post_ops_destroy(operations);
    return status;
}
