// What the instruction-set files share with loops.c: the work of each operation, and the table of its loops.
#ifndef HPM_LOOPS_H
#define HPM_LOOPS_H

#include "CKernels.h"

typedef struct {
    const float *x, *scale, *shift;
    int64_t width;
    float epsilon;
    float *statistics;
    hpm_element output_element;
    void *output;
} layer_norm_work;

typedef struct {
    hpm_element element;
    const void *qkv;
    int64_t tokens, width, heads;
    float *log_sum_exp;
    void *output;
} attention_work;

typedef struct {
    hpm_element element;
    const void *x;
    int64_t width;
    const float *weights;
    float bias;
    float *output;
} row_dot_work;

typedef struct {
    const float *source, *filler, *positions;
    const int32_t *source_rows, *position_rows;
    int64_t width;
    float *output;
} place_tokens_work;

typedef struct {
    void (*layer_norm)(const layer_norm_work *work, int64_t first, int64_t last);
    void (*row_dot)(const row_dot_work *work, int64_t first, int64_t last);
    void (*place_tokens)(const place_tokens_work *work, int64_t first, int64_t last);
} hpm_loops;

extern const hpm_loops hpm_loops_avx2;
extern const hpm_loops hpm_loops_avx512;

/// The table for this processor.
const hpm_loops *hpm_chosen_loops(void);

/// Attention of queries [first, last) of one sequence and head, and its gradient for all queries; each with how much room it wants.
typedef struct {
    int64_t (*scratch_floats)(const attention_work *work);
    void (*forward)(const attention_work *work, int64_t sequence, int64_t head, int64_t first, int64_t last, float *scratch);
    int64_t (*gradient_scratch_floats)(const hpm_attention_gradient *work);
    void (*backward)(const hpm_attention_gradient *work, int64_t sequence, int64_t head, float *scratch);
} hpm_attention_loops;

extern const hpm_attention_loops hpm_attention_loops_avx2;
extern const hpm_attention_loops hpm_attention_loops_avx512;
extern const hpm_attention_loops hpm_attention_loops_bfloat16;

/// The table for this processor, these elements and heads `head` wide.
const hpm_attention_loops *hpm_chosen_attention(hpm_element element, int64_t head);

#endif
