// The numerical work of a vision transformer behind plain functions: oneDNN does the linear layers, loops of our own the rest.
//
// All matrices are dense and row-major. `hpm_float32` and `hpm_bfloat16` say how activations are stored; sums are always float32.
// A context belongs to one thread at a time: the thread that creates it makes every call on it (oneDNN gives each calling thread
// an OpenMP team of its own). Loops of our own run in that same team.
#ifndef HPM_CKERNELS_H
#define HPM_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { hpm_float32 = 0, hpm_bfloat16 = 1 } hpm_element;

typedef enum {
    hpm_ok = 0,
    hpm_out_of_memory = 1,
    hpm_unsupported = 2,
    hpm_library_failed = 3
} hpm_status;

typedef enum {
    hpm_store = 0,          // output = x W' + b
    hpm_gelu = 1,           // output = gelu(x W' + b), the exact erf form
    hpm_add_to_output = 2,  // output += x W' + b
    hpm_quick_gelu = 3      // output = y / (1 + exp(-1.702 y)), y = x W' + b
} hpm_epilogue;

typedef struct hpm_context hpm_context;
typedef struct hpm_linear hpm_linear;

/// Which instruction set the loops and oneDNN use: "avx512", "avx2", or NULL where the processor has less than the least supported.
const char *hpm_instruction_set(void);

/// Whether the processor multiplies bfloat16 natively (AVX-512 BF16), as oneDNN needs.
bool hpm_has_bfloat16(void);

/// How many processors this process may run on (its affinity), or 0 where the system does not say.
int hpm_allowed_processors(void);

/// Gives memory that was freed but is still held back to the system.
void hpm_return_free_memory(void);

hpm_status hpm_context_create(int threads, hpm_context **context);
void hpm_context_destroy(hpm_context *context);

/// A linear layer's place for packed weights, in the layout that oneDNN chooses for about `typical_rows` rows.
hpm_status hpm_linear_create(hpm_context *context, int64_t inputs, int64_t outputs, int64_t typical_rows, hpm_element element,
                             hpm_linear **linear);
/// Packs weights `[outputs, inputs]` and bias `[outputs]`.
hpm_status hpm_linear_pack(hpm_linear *linear, const float *weights, const float *bias);
/// `output [rows, outputs]` from `input [rows, inputs]`; `output_element` of float32 or the layer's own.
hpm_status hpm_linear_run(hpm_linear *linear, int64_t rows, const void *input, hpm_epilogue epilogue, hpm_element output_element,
                          void *output);
/// Bytes of packed weights and bias.
size_t hpm_linear_bytes(const hpm_linear *linear);
/// What oneDNN calls the implementation it chose.
const char *hpm_linear_implementation(const hpm_linear *linear);
void hpm_linear_destroy(hpm_linear *linear);

/// Each row of `x [rows, width]` to zero mean and unit variance, times `scale`, plus `shift`. Unless NULL, `statistics [rows, 2]`
/// takes each row's mean and inverse deviation.
void hpm_layer_norm(hpm_context *context, const float *x, int64_t rows, int64_t width, const float *scale, const float *shift,
                    float epsilon, float *statistics, hpm_element output_element, void *output);

/// Self-attention of `sequences` sequences of `tokens` rows `[q | k | v]`, each `width` wide, heads split evenly; scores over
/// the square root of the head's width. `output [sequences * tokens, width]`. Unless NULL, `log_sum_exp [sequences, heads, tokens]`
/// takes the logarithms of the softmax denominators.
hpm_status hpm_attention(hpm_context *context, hpm_element element, const void *qkv, int64_t sequences, int64_t tokens, int64_t width,
                         int64_t heads, float *log_sum_exp, void *output);

/// The attention that each sequence's first token pays to each of the others, averaged over heads: `output [sequences, tokens - 1]`.
void hpm_class_attention(hpm_context *context, hpm_element element, const void *qkv, int64_t sequences, int64_t tokens, int64_t width,
                         int64_t heads, float *output);

/// Patches as rows: row r is patch `patches[r]` of image `r / patches_per_image`, its pixels ordered (channel, y, x).
/// `pixels [images, channels, rows * side, columns * side]`.
void hpm_gather_patches(hpm_context *context, const float *pixels, int64_t channels, int64_t grid_rows, int64_t grid_columns, int64_t side,
                        const int32_t *patches, int64_t count, int64_t patches_per_image, hpm_element output_element, void *output);

/// `output` row r = (source_rows[r] < 0 ? filler : source row source_rows[r]) + position row position_rows[r].
void hpm_place_tokens(hpm_context *context, const float *source, const int32_t *source_rows, const float *filler, const float *positions,
                      const int32_t *position_rows, int64_t rows, int64_t width, float *output);

/// output[r] = the dot product of row r of `x [rows, width]` with `weights`, plus `bias`.
void hpm_row_dot(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t width, const float *weights, float bias,
                 float *output);

#include "CKernelsLosses.h"
#include "CKernelsTraining.h"

#endif
