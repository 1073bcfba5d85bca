// The operations of a training pass. Parameters and their gradients are float32; products of bfloat16 round the weights as they read them.
// Gradients of parameters are added to what is there. Equal inputs give equal bits for an equal number of threads.
#ifndef HPM_CKERNELS_TRAINING_H
#define HPM_CKERNELS_TRAINING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { hpm_fastest_products = 0, hpm_library_products = 1, hpm_own_products = 2 } hpm_product_source;

/// Whose matrix products a training pass takes in float32; at first the faster ones. In bfloat16 they are oneDNN's.
void hpm_choose_products(hpm_context *context, hpm_product_source source);

/// `output [rows, outputs]` = input W' + bias, plus `residual` unless NULL (float32, possibly `output`, which is then float32 too).
hpm_status hpm_product_forward(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs, const void *input,
                               const float *weights, const float *bias, const float *residual, hpm_element output_element, void *output);

/// `sums [rows, outputs]` = input W' + bias, and `output` = gelu(sums), the exact form; `output` may be `sums`.
hpm_status hpm_product_gelu(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs, const void *input,
                            const float *weights, const float *bias, void *sums, void *output);

/// `input_gradient [rows, inputs]` = gradient W, or += that where `add` (then float32).
hpm_status hpm_product_input_gradient(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs,
                                      const void *gradient, const float *weights, bool add, hpm_element output_element,
                                      void *input_gradient);

/// `weight_gradient [outputs, inputs]` = gradient' input, or += that where `add`.
hpm_status hpm_product_weight_gradient(hpm_context *context, hpm_element element, int64_t rows, int64_t inputs, int64_t outputs,
                                       const void *gradient, const void *input, bool add, float *weight_gradient);

/// `sums [width]` += the column sums of `x [rows, width]`.
hpm_status hpm_column_sums(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t width, float *sums);

/// y = gelu(x), the exact form; y may be x.
void hpm_gelu_forward(hpm_context *context, hpm_element element, const void *x, int64_t count, void *y);

/// `gradient [rows, width]` *= gelu'(x), whose column sums are added to `sums`.
hpm_status hpm_gelu_backward(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t width, void *gradient,
                             float *sums);

typedef struct {
    hpm_element element;  // of gradient
    const void *gradient;
    const float *x, *statistics, *scale;
    bool add;
    float *input_gradient;
    uint16_t *rounded;  // the input's gradient as bfloat16, unless NULL
    int64_t width;
} hpm_layer_norm_gradient;

/// The gradient of a layer normalisation's input into `input_gradient`, or added to it; those of scale and shift added to theirs.
hpm_status hpm_layer_norm_backward(hpm_context *context, const hpm_layer_norm_gradient *work, int64_t rows, float *scale_gradient,
                                   float *shift_gradient);

typedef struct {
    hpm_element element;  // of all but log_sum_exp
    const void *qkv, *output, *output_gradient;
    const float *log_sum_exp;
    int64_t tokens, width, heads;
    void *gradient;  // [rows, 3 width]
} hpm_attention_gradient;

/// The gradient of queries, keys and values.
hpm_status hpm_attention_backward(hpm_context *context, const hpm_attention_gradient *work, int64_t sequences);

/// Row r of `gradient [rows, width]` into row source_rows[r] of `source_gradient [source_rows_count, width]`, or added to it; where
/// source_rows[r] < 0 added to `filler_gradient [width]`.
void hpm_place_tokens_backward(hpm_context *context, const float *gradient, const int32_t *source_rows, int64_t rows, int64_t width,
                               int64_t source_row_count, bool add, float *source_gradient, float *filler_gradient);

/// Row rows[r] of `source` to row r of `output`, each `row_bytes` long.
void hpm_gather_rows(hpm_context *context, const void *source, const int32_t *rows, int64_t count, int64_t row_bytes, void *output);

/// Row r of `source [count, width]` added to row rows[r] of `output`.
void hpm_scatter_add_rows(hpm_context *context, hpm_element element, const void *source, const int32_t *rows, int64_t count, int64_t width,
                          void *output);

/// `count` elements from one type to the other.
void hpm_convert(hpm_context *context, hpm_element from, const void *source, hpm_element into, void *output, int64_t count);

/// output[r] = row r of `x [rows, inputs]` through the mean of the rows of `weights [outputs, inputs]` and of `bias`.
hpm_status hpm_mean_output(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t inputs, const float *weights,
                           const float *bias, int64_t outputs, float *output);

typedef struct {
    hpm_element element;  // of x
    const void *x;
    const float *gradient;  // [rows]
    int64_t rows, inputs, outputs;
    const float *weights;
    hpm_element input_gradient_element;
    void *input_gradient;
    float *weight_gradient, *bias_gradient;
} hpm_mean_output_gradient;

/// The gradient of hpm_mean_output.
hpm_status hpm_mean_output_backward(hpm_context *context, const hpm_mean_output_gradient *work);

/// The sum of squares, in a fixed order whatever the number of threads.
hpm_status hpm_sum_of_squares(hpm_context *context, const float *x, int64_t count, double *sum);

/// Elements [first, first + count) that share two factors.
typedef struct {
    int64_t first, count;
    float kept;  // 1 - learning rate * weight decay
    float rate;  // learning rate / (1 - first decay ^ step)
} hpm_parameter_group;

/// AdamW over whole arrays, as the groups select; `average` may be NULL.
typedef struct {
    float *values, *gradients, *first_moments, *second_moments;
    float *average;
    float gradient_scale, first_decay, first_share, second_decay, second_share;  // a share is 1 - its decay
    float second_correction;                                                     // 1 / sqrt(1 - second decay ^ step)
    float epsilon, average_share;                                                // average += share * (value - average)
    const hpm_parameter_group *groups;
    int64_t group_count;
} hpm_adamw;

/// One step; the groups' gradients become zero.
void hpm_adamw_step(hpm_context *context, const hpm_adamw *work);

#endif
