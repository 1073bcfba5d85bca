// The training pass' loops, written once for any vector width; included after vector_math.h.
#include "training_loops.h"

// The normal distribution Φ(x), and exp(−x²/2). Abramowitz and Stegun 7.1.26: erfc within 1.5e-7, and relatively exact in the tail.
INLINE vfloat normal_distribution(vfloat x, vfloat *power) {
    const vfloat z = __builtin_elementwise_abs(x) * broadcast(0.70710678118654752f);
    const vfloat t = broadcast(1.0f) / (broadcast(1.0f) + broadcast(0.3275911f) * z);
    vfloat p = broadcast(1.061405429f);
    p = p * t + broadcast(-1.453152027f);
    p = p * t + broadcast(1.421413741f);
    p = p * t + broadcast(-0.284496736f);
    p = p * t + broadcast(0.254829592f);
    *power = exponential(broadcast(-0.5f) * x * x);
    const vfloat tail = broadcast(0.5f) * p * t * *power;
    const vint negative = x < broadcast(0);
    return (vfloat)(((vint)tail & negative) | ((vint)(broadcast(1.0f) - tail) & ~negative));
}

INLINE vfloat gelu_of(vfloat x) {
    vfloat power;
    return x * normal_distribution(x, &power);
}

INLINE vfloat gelu_slope(vfloat x) {
    vfloat power;
    const vfloat share = normal_distribution(x, &power);
    return share + x * power * broadcast(0.39894228040143268f);
}

static void gelu_elements(const elements_work *w, int64_t first, int64_t last) {
    if (w->element == hpm_float32)
        FOR_VECTORS(first, last, write(hpm_float32, w->y, at, n, gelu_of(read(hpm_float32, w->x, at, n))));
    else
        FOR_VECTORS(first, last, write(hpm_bfloat16, w->y, at, n, gelu_of(read(hpm_bfloat16, w->x, at, n))));
}

INLINE void accumulate(float *sums, int64_t at, int64_t count, vfloat v) {
    write(hpm_float32, sums, at, count, read(hpm_float32, sums, at, count) + v);
}

INLINE void gelu_backward_step(const hpm_element element, const void *x, void *gradient, int64_t row, float *sums, int64_t at, int64_t n) {
    const vfloat changed = read(element, gradient, row + at, n) * gelu_slope(read(element, x, row + at, n));
    write(element, gradient, row + at, n, changed);
    accumulate(sums, at, n, changed);
}

static void gelu_backward_rows(const void *work, int64_t first, int64_t last, float *sums) {
    const elements_work *w = work;
    memset(sums, 0, sizeof(float) * (size_t)w->width);
    for (int64_t row = first * w->width; row < last * w->width; row += w->width) {
        if (w->element == hpm_float32)
            FOR_VECTORS(0, w->width, gelu_backward_step(hpm_float32, w->x, w->y, row, sums, at, n));
        else
            FOR_VECTORS(0, w->width, gelu_backward_step(hpm_bfloat16, w->x, w->y, row, sums, at, n));
    }
}

static void column_sum_rows(const void *work, int64_t first, int64_t last, float *sums) {
    const elements_work *w = work;
    memset(sums, 0, sizeof(float) * (size_t)w->width);
    for (int64_t row = first * w->width; row < last * w->width; row += w->width) {
        if (w->element == hpm_float32)
            FOR_VECTORS(0, w->width, accumulate(sums, at, n, read(hpm_float32, w->x, row + at, n)));
        else
            FOR_VECTORS(0, w->width, accumulate(sums, at, n, read(hpm_bfloat16, w->x, row + at, n)));
    }
}

// With x̂ the normalised row and ĝ = dy · scale: dx = (ĝ − mean(ĝ) − x̂ mean(ĝ x̂)) / deviation.
INLINE void layer_norm_backward_row(const hpm_element element, const hpm_layer_norm_gradient *w, int64_t row, float *sums) {
    const int64_t width = w->width, start = row * width;
    const vfloat mean = broadcast(w->statistics[2 * row]), inverse = broadcast(w->statistics[2 * row + 1]);
    vfloat total = broadcast(0), product = broadcast(0);
    FOR_VECTORS(0, width, {
        const vfloat gradient = read(element, w->gradient, start + at, n);
        // Beyond the row's end the gradient reads as zero.
        const vfloat hat = (read(hpm_float32, w->x, start + at, n) - mean) * inverse;
        const vfloat scaled = gradient * read(hpm_float32, w->scale, at, n);
        total += scaled;
        product += scaled * hat;
        accumulate(sums, at, n, gradient * hat);
        accumulate(sums + width, at, n, gradient);
    });
    const vfloat scaled_mean = broadcast(sum_lanes(total) / (float)width), product_mean = broadcast(sum_lanes(product) / (float)width);
    FOR_VECTORS(0, width, {
        const vfloat hat = (read(hpm_float32, w->x, start + at, n) - mean) * inverse;
        const vfloat scaled = read(element, w->gradient, start + at, n) * read(hpm_float32, w->scale, at, n);
        vfloat result = (scaled - scaled_mean - hat * product_mean) * inverse;
        if (w->add) result += read(hpm_float32, w->input_gradient, start + at, n);
        write(hpm_float32, w->input_gradient, start + at, n, result);
        if (w->rounded) write(hpm_bfloat16, w->rounded, start + at, n, result);
    });
}

static void layer_norm_backward_rows(const void *work, int64_t first, int64_t last, float *sums) {
    const hpm_layer_norm_gradient *w = work;
    memset(sums, 0, sizeof(float) * 2 * (size_t)w->width);
    for (int64_t row = first; row < last; row++) {
        if (w->element == hpm_float32) layer_norm_backward_row(hpm_float32, w, row, sums);
        else layer_norm_backward_row(hpm_bfloat16, w, row, sums);
    }
}

static void spread_gradient_rows(const void *work, int64_t first, int64_t last, float *sums) {
    const spread_work *spread = work;
    const hpm_mean_output_gradient *w = spread->gradient;
    memset(sums, 0, sizeof(float) * (size_t)w->inputs);
    for (int64_t row = first; row < last; row++) {
        const vfloat gradient = broadcast(w->gradient[row]);
        const int64_t start = row * w->inputs;
        FOR_VECTORS(0, w->inputs, {
            accumulate(sums, at, n, gradient * read(w->element, w->x, start + at, n));
            write(w->input_gradient_element, w->input_gradient, start + at, n, gradient * read(hpm_float32, spread->row, at, n));
        });
    }
}

static void add_parts(const float *parts, int64_t count, int64_t stride, float factor, float *target, int64_t first, int64_t last) {
    FOR_VECTORS(first, last, {
        vfloat sum = broadcast(0);
        for (int64_t part = 0; part < count; part++) sum += read(hpm_float32, parts + part * stride, at, n);
        accumulate(target, at, n, broadcast(factor) * sum);
    });
}

static void add_elements(hpm_element element, const void *x, void *y, int64_t count) {
    FOR_VECTORS(0, count, write(element, y, at, n, read(element, y, at, n) + read(element, x, at, n)));
}

static void convert_elements(hpm_element from, const void *source, hpm_element into, void *output, int64_t first, int64_t last) {
    FOR_VECTORS(first, last, write(into, output, at, n, read(from, source, at, n)));
}

// A float's square has 48 bits: sums of eight are kept in float32, the rest in double.
static double sum_of_squares(const float *x, int64_t count) {
    enum { group = 8 * LANES };
    typedef double vdouble __attribute__((vector_size(LANES * 8)));
    vdouble total = {0};
    int64_t start = 0;
    for (; start + group <= count; start += group) {
        vfloat sum = broadcast(0);
        for (int64_t i = start; i < start + group; i += LANES) sum += load(x + i) * load(x + i);
        total += __builtin_convertvector(sum, vdouble);
    }
    double result = 0;
    for (; start < count; start++) result += (double)x[start] * x[start];
    for (int i = 0; i < LANES; i++) result += total[i];
    return result;
}

INLINE void adamw_step(const hpm_adamw *w, float kept, float rate, int64_t at, int64_t n) {
    const vfloat gradient = read(hpm_float32, w->gradients, at, n) * broadcast(w->gradient_scale);
    const vfloat first = broadcast(w->first_decay) * read(hpm_float32, w->first_moments, at, n) + broadcast(w->first_share) * gradient;
    const vfloat second =
        broadcast(w->second_decay) * read(hpm_float32, w->second_moments, at, n) + broadcast(w->second_share) * gradient * gradient;
    const vfloat deviation = __builtin_elementwise_sqrt(second) * broadcast(w->second_correction) + broadcast(w->epsilon);
    const vfloat value = read(hpm_float32, w->values, at, n) * broadcast(kept) - broadcast(rate) * first / deviation;
    write(hpm_float32, w->values, at, n, value);
    write(hpm_float32, w->first_moments, at, n, first);
    write(hpm_float32, w->second_moments, at, n, second);
    write(hpm_float32, w->gradients, at, n, broadcast(0));
    if (!w->average) return;
    const vfloat before = read(hpm_float32, w->average, at, n);
    write(hpm_float32, w->average, at, n, before + broadcast(w->average_share) * (value - before));
}

static void adamw_elements(const hpm_adamw *w, const hpm_parameter_group *group, int64_t first, int64_t last) {
    const hpm_adamw work = *w;  // so that the compiler knows that no write changes it
    const float kept = group->kept, rate = group->rate;
    FOR_VECTORS(first, last, adamw_step(&work, kept, rate, at, n));
}
