// The matrix products of a training pass. Weights change with every step, so each product reads them as they lie in the arena.
//
// Where oneDNN 2.6 has batch-reduced kernels (AVX-512) they are its own, whose primitive is kept for the next call of the same shape. Its
// factors are laid out for it: left to itself it does so at 80 to 90 % of the speed (two cores of Zen 5: float32 at 2,176 rows 380 instead of
// 513 GFLOP/s). On AVX2 its general product reaches 135 to 155 of 175 GFLOP/s (two cores) and allocates at every call; ours
// reach 150 to 168.
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "factors.h"
#include "loops.h"
#include "primitives.h"
#include "products.h"
#include "team.h"

enum { cached_products = 96 };

// c [m, n] = a [m, k] b [k, n] (+ bias) (+ c); a and b row-major, or column-major where `across`. Where they are `laid_out` b is in blocks.
typedef struct {
    int64_t m, k, n;
    bool a_across, b_across, bias, add, laid_out;
    hpm_element element, output_element;
} product_shape;

typedef struct {
    product_shape shape;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, bias, c;
    uint64_t last_use;
} cached_product;

struct hpm_products {
    cached_product cache[cached_products];
    uint64_t uses;
};

static void forget(cached_product *product) {
    if (product->primitive) dnnl_primitive_destroy(product->primitive);
    if (product->a) dnnl_memory_destroy(product->a);
    if (product->b) dnnl_memory_destroy(product->b);
    if (product->bias) dnnl_memory_destroy(product->bias);
    if (product->c) dnnl_memory_destroy(product->c);
    memset(product, 0, sizeof *product);
}

void hpm_products_destroy(struct hpm_products *products) {
    if (!products) return;
    for (int i = 0; i < cached_products; i++) forget(&products->cache[i]);
    free(products);
}

static dnnl_status_t describe(int64_t rows, int64_t columns, hpm_element element, bool across, dnnl_memory_desc_t *layout) {
    dnnl_dims_t dims = {rows, columns};
    return dnnl_memory_desc_init_by_tag(layout, 2, dims, hpm_library_type(element), across ? dnnl_ba : dnnl_ab);
}

static dnnl_status_t describe_second(const product_shape *s, dnnl_memory_desc_t *layout) {
    if (!s->laid_out) return describe(s->k, s->n, s->element, s->b_across, layout);
    dnnl_dims_t dims = {s->k, s->n};
    const dnnl_format_tag_t blocks = s->element == hpm_float32 ? dnnl_BA16a64b : dnnl_BA16a64b2a;
    return dnnl_memory_desc_init_by_tag(layout, 2, dims, hpm_library_type(s->element), blocks);
}

static dnnl_status_t prepare(hpm_context *context, cached_product *product) {
    const product_shape *s = &product->shape;
    dnnl_memory_desc_t a, b, bias, c;
    dnnl_status_t status = describe(s->m, s->k, s->element, s->a_across, &a);
    if (status == dnnl_success) status = describe_second(s, &b);
    if (status == dnnl_success) status = describe(1, s->n, hpm_float32, false, &bias);
    if (status == dnnl_success) status = describe(s->m, s->n, s->output_element, false, &c);
    dnnl_matmul_desc_t operation;
    if (status == dnnl_success) status = dnnl_matmul_desc_init(&operation, &a, &b, s->bias ? &bias : NULL, &c);
    dnnl_primitive_attr_t attributes = NULL;
    if (status == dnnl_success) status = hpm_make_attributes(s->add ? hpm_add_to_output : hpm_store, &attributes);
    dnnl_primitive_desc_t described = NULL;
    if (status == dnnl_success) status = dnnl_primitive_desc_create(&described, &operation, attributes, context->engine, NULL);
    if (status == dnnl_success) status = dnnl_primitive_create(&product->primitive, described);
    if (described) dnnl_primitive_desc_destroy(described);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (status == dnnl_success) status = dnnl_memory_create(&product->a, &a, context->engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success) status = dnnl_memory_create(&product->b, &b, context->engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success && s->bias) status = dnnl_memory_create(&product->bias, &bias, context->engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success) status = dnnl_memory_create(&product->c, &c, context->engine, DNNL_MEMORY_NONE);
    return status;
}

static bool equal(const product_shape *x, const product_shape *y) {
    return x->m == y->m && x->k == y->k && x->n == y->n && x->a_across == y->a_across && x->b_across == y->b_across &&
           x->bias == y->bias && x->add == y->add && x->laid_out == y->laid_out && x->element == y->element &&
           x->output_element == y->output_element;
}

// The primitive for this shape, made on first use; the least recently used one makes room.
static dnnl_status_t find(hpm_context *context, const product_shape *shape, cached_product **found) {
    if (!context->products) context->products = calloc(1, sizeof *context->products);
    struct hpm_products *products = context->products;
    if (!products) return dnnl_out_of_memory;
    cached_product *oldest = &products->cache[0];
    products->uses++;
    for (int i = 0; i < cached_products; i++) {
        cached_product *product = &products->cache[i];
        if (product->primitive && equal(&product->shape, shape)) {
            product->last_use = products->uses;
            *found = product;
            return dnnl_success;
        }
        if (product->last_use < oldest->last_use) oldest = product;
    }
    forget(oldest);
    oldest->shape = *shape;
    dnnl_status_t status = prepare(context, oldest);
    if (status != dnnl_success) {
        forget(oldest);
        return status;
    }
    oldest->last_use = products->uses;
    *found = oldest;
    return dnnl_success;
}

// Lays the factors out in the context's scratch where oneDNN has kernels that read them so; else `b` only takes the product's type. Turning
// the first factor pays in bfloat16 alone.
static hpm_status prepare_factors(hpm_context *context, product_shape *shape, const void **a, hpm_element b_element, const void **b) {
    shape->laid_out = hpm_chosen_loops() == &hpm_loops_avx512 && shape->n >= hpm_block_columns;
    if (!shape->laid_out && b_element == shape->element) return hpm_ok;
    hpm_turned_factor first = {shape->element, *a, shape->k, shape->m, NULL};
    hpm_blocked_factor second = {b_element, *b, shape->b_across, shape->k, shape->n, shape->element, NULL};
    const size_t first_floats = shape->laid_out && shape->a_across && shape->element == hpm_bfloat16 ? hpm_turned_floats(&first) : 0;
    hpm_status status = hpm_reserve_scratch(context, first_floats + hpm_blocked_floats(&second));
    if (status != hpm_ok) return status;
    first.turned = context->scratch;
    second.blocks = context->scratch + first_floats;
    if (!shape->laid_out) {
        hpm_convert(context, b_element, *b, shape->element, second.blocks, shape->k * shape->n);
    } else {
        hpm_lay_out_blocks(context, &second);
        if (first_floats > 0) hpm_turn(context, &first);
    }
    if (first_floats > 0) {
        *a = first.turned;
        shape->a_across = false;
        shape->k = hpm_padded_depth(shape->element, shape->k);
    }
    *b = second.blocks;
    return hpm_ok;
}

static hpm_status multiply(hpm_context *context, product_shape *shape, const void *a, hpm_element b_element, const void *b,
                           const float *bias, void *c) {
    const hpm_status prepared = prepare_factors(context, shape, &a, b_element, &b);
    if (prepared != hpm_ok) return prepared;
    cached_product *product = NULL;
    dnnl_status_t status = find(context, shape, &product);
    if (status != dnnl_success) return hpm_translated(status);
    dnnl_memory_set_data_handle(product->a, (void *)a);
    dnnl_memory_set_data_handle(product->b, (void *)b);
    dnnl_memory_set_data_handle(product->c, c);
    if (bias) dnnl_memory_set_data_handle(product->bias, (void *)bias);
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, product->a}, {DNNL_ARG_WEIGHTS, product->b}, {DNNL_ARG_DST, product->c}, {DNNL_ARG_BIAS, product->bias}};
    return hpm_translated(dnnl_primitive_execute(product->primitive, context->stream, bias ? 4 : 3, arguments));
}

void hpm_choose_products(hpm_context *context, hpm_product_source source) { context->product_source = source; }

static bool is_ours(const hpm_context *context, hpm_element element, hpm_element output_element) {
    if (element != hpm_float32 || output_element != hpm_float32) return false;
    return context->product_source == hpm_fastest_products ? hpm_chosen_loops() == &hpm_loops_avx2
                                                           : context->product_source == hpm_own_products;
}

hpm_status hpm_product_forward(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs, const void *input,
                               const float *weights, const float *bias, const float *residual, hpm_element output_element, void *output) {
    if (rows == 0) return hpm_ok;
    if (is_ours(context, element, output_element)) {
        const hpm_product product = {rows, inputs, outputs, input, weights, false, true, bias, residual, output, NULL};
        return hpm_multiply(context, &product);
    }
    if (residual && residual != output) hpm_convert(context, hpm_float32, residual, hpm_float32, output, rows * outputs);
    product_shape shape = {rows, inputs, outputs, false, true, true, residual != NULL, false, element, output_element};
    return multiply(context, &shape, input, hpm_float32, weights, bias, output);
}

hpm_status hpm_product_gelu(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs, const void *input,
                            const float *weights, const float *bias, void *sums, void *output) {
    if (rows == 0) return hpm_ok;
    if (is_ours(context, element, element)) {
        const hpm_product product = {rows, inputs, outputs, input, weights, false, true, bias, NULL, sums, output};
        return hpm_multiply(context, &product);
    }
    hpm_status status = hpm_product_forward(context, element, rows, inputs, outputs, input, weights, bias, NULL, element, sums);
    if (status == hpm_ok) hpm_gelu_forward(context, element, sums, rows * outputs, output);
    return status;
}

hpm_status hpm_product_input_gradient(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs,
                                      const void *gradient, const float *weights, bool add, hpm_element output_element,
                                      void *input_gradient) {
    if (rows == 0) return hpm_ok;
    if (is_ours(context, element, output_element)) {
        const float *addend = add ? input_gradient : NULL;
        const hpm_product product = {rows, outputs, inputs, gradient, weights, false, false, NULL, addend, input_gradient, NULL};
        return hpm_multiply(context, &product);
    }
    product_shape shape = {rows, outputs, inputs, false, false, false, add, false, element, output_element};
    return multiply(context, &shape, gradient, hpm_float32, weights, NULL, input_gradient);
}

hpm_status hpm_product_weight_gradient(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs,
                                       const void *gradient, const void *input, bool add, float *weight_gradient) {
    if (rows == 0) {
        if (!add) memset(weight_gradient, 0, sizeof(float) * (size_t)(outputs * inputs));
        return hpm_ok;
    }
    if (is_ours(context, element, hpm_float32)) {
        const float *addend = add ? weight_gradient : NULL;
        const hpm_product product = {outputs, rows, inputs, gradient, input, true, false, NULL, addend, weight_gradient, NULL};
        return hpm_multiply(context, &product);
    }
    product_shape shape = {outputs, rows, inputs, true, false, false, add, false, element, hpm_float32};
    return multiply(context, &shape, gradient, element, input, NULL, weight_gradient);
}
