// Linear layers on oneDNN 2.6, weights packed once.
//
// Two of its primitives compute one: a matrix product, and a 1×1 convolution over a line of `rows` pixels. Where its matrix product
// has batch-reduced kernels (AVX-512) that is the faster; elsewhere only the convolution packs its weights (on AVX2 about 165 against
// 70 to 130 GFLOP/s for the shapes of a ViT-B/16, two cores), so it is taken wherever its compiled kernel fits the shape.
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "primitives.h"

enum { cached_shapes = 16 };

typedef struct {
    int64_t rows;
    hpm_epilogue epilogue;
    hpm_element output_element;
    dnnl_primitive_t primitive;
    dnnl_memory_t source, destination;
    uint64_t last_use;
} cached_primitive;

typedef enum { matrix_product, convolution } primitive_form;

struct hpm_linear {
    hpm_context *context;
    int64_t inputs, outputs;
    hpm_element element;
    primitive_form form;
    dnnl_memory_desc_t packed_layout;
    void *packed;
    float *bias;
    dnnl_memory_t packed_memory, bias_memory;
    char implementation[64];
    cached_primitive cache[cached_shapes];
    uint64_t uses;
};

// The descriptors of rows × width activations and of the bias, as the form wants them.
static dnnl_status_t describe_rows(primitive_form form, int64_t rows, int64_t width, hpm_element element, dnnl_memory_desc_t *layout) {
    if (form == matrix_product) {
        dnnl_dims_t dims = {rows, width};
        return dnnl_memory_desc_init_by_tag(layout, 2, dims, hpm_library_type(element), dnnl_ab);
    }
    dnnl_dims_t dims = {1, width, rows};
    return dnnl_memory_desc_init_by_tag(layout, 3, dims, hpm_library_type(element), dnnl_nwc);
}

static dnnl_status_t describe_weights(const hpm_linear *l, dnnl_data_type_t type, dnnl_format_tag_t matrix, dnnl_format_tag_t kernel,
                                      dnnl_memory_desc_t *layout) {
    if (l->form == matrix_product) {
        dnnl_dims_t dims = {l->inputs, l->outputs};
        return dnnl_memory_desc_init_by_tag(layout, 2, dims, type, matrix);
    }
    dnnl_dims_t dims = {l->outputs, l->inputs, 1};
    return dnnl_memory_desc_init_by_tag(layout, 3, dims, type, kernel);
}

static dnnl_status_t describe_bias(const hpm_linear *l, dnnl_memory_desc_t *layout) {
    if (l->form == matrix_product) {
        dnnl_dims_t dims = {1, l->outputs};
        return dnnl_memory_desc_init_by_tag(layout, 2, dims, dnnl_f32, dnnl_ab);
    }
    dnnl_dims_t dims = {l->outputs};
    return dnnl_memory_desc_init_by_tag(layout, 1, dims, dnnl_f32, dnnl_a);
}

static dnnl_status_t describe_primitive(const hpm_linear *l, int64_t rows, hpm_epilogue epilogue, hpm_element output_element,
                                        const dnnl_memory_desc_t *weights, dnnl_primitive_desc_t *described) {
    dnnl_memory_desc_t source, destination, bias;
    dnnl_status_t status = describe_rows(l->form, rows, l->inputs, l->element, &source);
    if (status == dnnl_success) status = describe_rows(l->form, rows, l->outputs, output_element, &destination);
    if (status == dnnl_success) status = describe_bias(l, &bias);
    if (status != dnnl_success) return status;
    dnnl_primitive_attr_t attributes = NULL;
    status = hpm_make_attributes(epilogue, &attributes);
    if (status == dnnl_success && l->form == matrix_product) {
        dnnl_matmul_desc_t operation;
        status = dnnl_matmul_desc_init(&operation, &source, weights, &bias, &destination);
        if (status == dnnl_success) status = dnnl_primitive_desc_create(described, &operation, attributes, l->context->engine, NULL);
    } else if (status == dnnl_success) {
        dnnl_convolution_desc_t operation;
        dnnl_dims_t strides = {1}, padding = {0};
        status = dnnl_convolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_convolution_direct, &source, weights, &bias,
                                                    &destination, strides, padding, padding);
        if (status == dnnl_success) status = dnnl_primitive_desc_create(described, &operation, attributes, l->context->engine, NULL);
    }
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

// Asks oneDNN for the form with weights laid out as it likes; keeps the layout and the implementation's name.
static dnnl_status_t choose_layout(hpm_linear *l, primitive_form form, int64_t rows) {
    l->form = form;
    dnnl_memory_desc_t any;
    dnnl_status_t status = describe_weights(l, hpm_library_type(l->element), dnnl_format_tag_any, dnnl_format_tag_any, &any);
    dnnl_primitive_desc_t described = NULL;
    if (status == dnnl_success) status = describe_primitive(l, rows, hpm_store, l->element, &any, &described);
    if (status != dnnl_success) return status;
    const char *name = "";
    dnnl_primitive_desc_query(described, dnnl_query_impl_info_str, 0, &name);
    strncpy(l->implementation, name, sizeof l->implementation - 1);
    l->packed_layout = *dnnl_primitive_desc_query_md(described, dnnl_query_weights_md, 0);
    dnnl_primitive_desc_destroy(described);
    return dnnl_success;
}

static dnnl_status_t choose_form(hpm_linear *l, int64_t rows) {
    dnnl_status_t status = choose_layout(l, matrix_product, rows);
    if (status == dnnl_success && strstr(l->implementation, "brg")) return status;
    if (choose_layout(l, convolution, rows) == dnnl_success && strstr(l->implementation, "jit_1x1")) return dnnl_success;
    return choose_layout(l, matrix_product, rows);
}

hpm_status hpm_linear_create(hpm_context *context, int64_t inputs, int64_t outputs, int64_t typical_rows, hpm_element element,
                             hpm_linear **linear) {
    hpm_linear *l = calloc(1, sizeof *l);
    if (!l) return hpm_out_of_memory;
    l->context = context;
    l->inputs = inputs;
    l->outputs = outputs;
    l->element = element;
    dnnl_status_t status = choose_form(l, typical_rows);
    dnnl_memory_desc_t bias;
    if (status == dnnl_success) status = describe_bias(l, &bias);
    if (status == dnnl_success) {
        const size_t bytes = (dnnl_memory_desc_get_size(&l->packed_layout) + 63) / 64 * 64;
        l->packed = aligned_alloc(64, bytes);
        l->bias = aligned_alloc(64, ((size_t)outputs * sizeof(float) + 63) / 64 * 64);
        if (!l->packed || !l->bias) status = dnnl_out_of_memory;
    }
    if (status == dnnl_success) status = dnnl_memory_create(&l->packed_memory, &l->packed_layout, context->engine, l->packed);
    if (status == dnnl_success) status = dnnl_memory_create(&l->bias_memory, &bias, context->engine, l->bias);
    if (status != dnnl_success) {
        hpm_linear_destroy(l);
        return hpm_translated(status);
    }
    *linear = l;
    return hpm_ok;
}

hpm_status hpm_linear_pack(hpm_linear *l, const float *weights, const float *bias) {
    dnnl_memory_desc_t plain;
    // Rows of the file are outputs: as a matrix [inputs, outputs] that is column-major, as a kernel [outputs, inputs, 1] plain.
    dnnl_status_t status = describe_weights(l, dnnl_f32, dnnl_ba, dnnl_oiw, &plain);
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t described = NULL;
    dnnl_primitive_t reorder = NULL;
    if (status == dnnl_success) status = dnnl_memory_create(&from, &plain, l->context->engine, (void *)weights);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&described, &plain, l->context->engine, &l->packed_layout, l->context->engine, NULL);
    if (status == dnnl_success) status = dnnl_primitive_create(&reorder, described);
    if (status == dnnl_success) {
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, l->packed_memory}};
        status = dnnl_primitive_execute(reorder, l->context->stream, 2, arguments);
        if (status == dnnl_success) status = dnnl_stream_wait(l->context->stream);
    }
    if (reorder) dnnl_primitive_destroy(reorder);
    if (described) dnnl_primitive_desc_destroy(described);
    if (from) dnnl_memory_destroy(from);
    memcpy(l->bias, bias, sizeof(float) * (size_t)l->outputs);
    return hpm_translated(status);
}

static void forget(cached_primitive *cached) {
    if (cached->primitive) dnnl_primitive_destroy(cached->primitive);
    if (cached->source) dnnl_memory_destroy(cached->source);
    if (cached->destination) dnnl_memory_destroy(cached->destination);
    memset(cached, 0, sizeof *cached);
}

static dnnl_status_t prepare(hpm_linear *l, cached_primitive *slot) {
    dnnl_primitive_desc_t described = NULL;
    dnnl_status_t status = describe_primitive(l, slot->rows, slot->epilogue, slot->output_element, &l->packed_layout, &described);
    if (status != dnnl_success) return status;
    status = dnnl_primitive_create(&slot->primitive, described);
    dnnl_primitive_desc_destroy(described);
    dnnl_memory_desc_t layout;
    if (status == dnnl_success) status = describe_rows(l->form, slot->rows, l->inputs, l->element, &layout);
    if (status == dnnl_success) status = dnnl_memory_create(&slot->source, &layout, l->context->engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success) status = describe_rows(l->form, slot->rows, l->outputs, slot->output_element, &layout);
    if (status == dnnl_success) status = dnnl_memory_create(&slot->destination, &layout, l->context->engine, DNNL_MEMORY_NONE);
    return status;
}

// The primitive for this shape, made on first use; the least recently used one makes room.
static dnnl_status_t find(hpm_linear *l, int64_t rows, hpm_epilogue epilogue, hpm_element output_element, cached_primitive **found) {
    cached_primitive *oldest = &l->cache[0];
    l->uses++;
    for (int i = 0; i < cached_shapes; i++) {
        cached_primitive *slot = &l->cache[i];
        if (slot->primitive && slot->rows == rows && slot->epilogue == epilogue && slot->output_element == output_element) {
            slot->last_use = l->uses;
            *found = slot;
            return dnnl_success;
        }
        if (slot->last_use < oldest->last_use) oldest = slot;
    }
    forget(oldest);
    oldest->rows = rows;
    oldest->epilogue = epilogue;
    oldest->output_element = output_element;
    dnnl_status_t status = prepare(l, oldest);
    if (status != dnnl_success) {
        forget(oldest);
        return status;
    }
    oldest->last_use = l->uses;
    *found = oldest;
    return dnnl_success;
}

hpm_status hpm_linear_run(hpm_linear *l, int64_t rows, const void *input, hpm_epilogue epilogue, hpm_element output_element,
                          void *output) {
    if (rows == 0) return hpm_ok;
    cached_primitive *slot = NULL;
    dnnl_status_t status = find(l, rows, epilogue, output_element, &slot);
    if (status != dnnl_success) return hpm_translated(status);
    dnnl_memory_set_data_handle(slot->source, (void *)input);
    dnnl_memory_set_data_handle(slot->destination, output);
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, slot->source},
                                   {DNNL_ARG_WEIGHTS, l->packed_memory},
                                   {DNNL_ARG_BIAS, l->bias_memory},
                                   {DNNL_ARG_DST, slot->destination}};
    return hpm_translated(dnnl_primitive_execute(slot->primitive, l->context->stream, 4, arguments));
}

size_t hpm_linear_bytes(const hpm_linear *l) {
    return dnnl_memory_desc_get_size(&l->packed_layout) + (size_t)l->outputs * sizeof(float);
}

const char *hpm_linear_implementation(const hpm_linear *l) { return l->implementation; }

void hpm_linear_destroy(hpm_linear *l) {
    for (int i = 0; i < cached_shapes; i++) forget(&l->cache[i]);
    if (l->packed_memory) dnnl_memory_destroy(l->packed_memory);
    if (l->bias_memory) dnnl_memory_destroy(l->bias_memory);
    free(l->packed);
    free(l->bias);
    free(l);
}
