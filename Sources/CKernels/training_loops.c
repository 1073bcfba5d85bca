// Shares the training pass' loops among the team. Sums over rows are made of parts, each over a number of rows that follows from the
// shape alone, and added in their order: the result does not depend on the number of threads.
#include <string.h>

#include "context.h"
#include "loops.h"
#include "team.h"
#include "training_loops.h"

extern int omp_get_thread_num(void);

static const hpm_training_loops *loops(void) {
    return hpm_chosen_loops() == &hpm_loops_avx512 ? &hpm_training_loops_avx512 : &hpm_training_loops_avx2;
}

enum { fewest_rows = 16, most_parts = 128, element_block = 4096, column_block = 64 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t blocks(int64_t count, int64_t size) { return (count + size - 1) / size; }

typedef struct {
    row_sums body;
    const void *work;
    int64_t rows, part_rows, part_count, width;
    float *parts;
} summed_rows;

static void summed_rows_share(const void *data, int64_t first, int64_t last) {
    const summed_rows *s = data;
    for (int64_t part = first; part < last; part++)
        s->body(s->work, part * s->part_rows, least((part + 1) * s->part_rows, s->rows), s->parts + part * s->width);
}

// Runs `body` over all rows; its sums stay in the context's scratch, after `reserved` floats of the caller's.
static hpm_status sum_rows(hpm_context *context, row_sums body, const void *work, int64_t rows, int64_t width, int64_t reserved,
                           summed_rows *summed) {
    int64_t part_rows = blocks(rows, most_parts);
    if (part_rows < fewest_rows) part_rows = fewest_rows;
    *summed = (summed_rows){body, work, rows, part_rows, blocks(rows, part_rows), width, NULL};
    hpm_status status = hpm_reserve_scratch(context, (size_t)(reserved + summed->part_count * width));
    if (status != hpm_ok) return status;
    summed->parts = context->scratch + reserved;
    hpm_share(context, summed->part_count, summed_rows_share, summed);
    return hpm_ok;
}

typedef struct {
    const float *parts;
    int64_t count, stride, width;
    float factor;
    float *target;
} added_parts;

static void added_parts_share(const void *data, int64_t first, int64_t last) {
    const added_parts *a = data;
    loops()->add_parts(a->parts, a->count, a->stride, a->factor, a->target, first * column_block, least(last * column_block, a->width));
}

static void add_columns(hpm_context *context, const summed_rows *s, int64_t offset, int64_t width, float *target) {
    added_parts added = {s->parts + offset, s->part_count, s->width, width, 1, target};
    hpm_share(context, blocks(width, column_block), added_parts_share, &added);
}

hpm_status hpm_column_sums(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t width, float *sums) {
    elements_work work = {element, x, NULL, width};
    summed_rows summed;
    hpm_status status = sum_rows(context, loops()->column_sums, &work, rows, width, 0, &summed);
    if (status == hpm_ok) add_columns(context, &summed, 0, width, sums);
    return status;
}

typedef struct {
    elements_work work;
    int64_t count;
} element_blocks;

static void gelu_share(const void *data, int64_t first, int64_t last) {
    const element_blocks *e = data;
    loops()->gelu(&e->work, first * element_block, least(last * element_block, e->count));
}

void hpm_gelu_forward(hpm_context *context, hpm_element element, const void *x, int64_t count, void *y) {
    element_blocks work = {{element, x, y, 0}, count};
    hpm_share(context, blocks(count, element_block), gelu_share, &work);
}

hpm_status hpm_gelu_backward(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t width, void *gradient,
                             float *sums) {
    elements_work work = {element, x, gradient, width};
    summed_rows summed;
    hpm_status status = sum_rows(context, loops()->gelu_backward, &work, rows, width, 0, &summed);
    if (status == hpm_ok) add_columns(context, &summed, 0, width, sums);
    return status;
}

hpm_status hpm_layer_norm_backward(hpm_context *context, const hpm_layer_norm_gradient *work, int64_t rows, float *scale_gradient,
                                   float *shift_gradient) {
    summed_rows summed;
    hpm_status status = sum_rows(context, loops()->layer_norm_backward, work, rows, 2 * work->width, 0, &summed);
    if (status != hpm_ok) return status;
    add_columns(context, &summed, 0, work->width, scale_gradient);
    add_columns(context, &summed, work->width, work->width, shift_gradient);
    return hpm_ok;
}

typedef struct {
    const hpm_attention_gradient *work;
    const hpm_attention_loops *loops;
    float *scratch;
    int64_t scratch_floats;
} attention_team;

static void attention_share(const void *data, int64_t first, int64_t last) {
    const attention_team *team = data;
    float *scratch = team->scratch + omp_get_thread_num() * team->scratch_floats;
    for (int64_t item = first; item < last; item++)
        team->loops->backward(team->work, item / team->work->heads, item % team->work->heads, scratch);
}

hpm_status hpm_attention_backward(hpm_context *context, const hpm_attention_gradient *work, int64_t sequences) {
    const hpm_attention_loops *chosen = hpm_chosen_attention(work->element, work->width / work->heads);
    attention_team team = {work, chosen, NULL, blocks(chosen->gradient_scratch_floats(work), 16) * 16};
    hpm_status status = hpm_reserve_scratch(context, (size_t)team.scratch_floats * (size_t)context->threads);
    if (status != hpm_ok) return status;
    team.scratch = context->scratch;
    hpm_share(context, sequences * work->heads, attention_share, &team);
    return hpm_ok;
}

// Row indices from or into which rows go, columns shared among the threads: any row may be named more than once.
typedef struct {
    hpm_element element;
    const void *source;
    const int32_t *rows;
    int64_t count, width, target_rows;
    bool add;
    void *target;
    float *filler;
} moved_rows;

static const void *element_address(hpm_element element, const void *base, int64_t index) {
    return (const char *)base + index * (element == hpm_float32 ? 4 : 2);
}

static void place_backward_share(const void *data, int64_t first, int64_t last) {
    const moved_rows *m = data;
    const int64_t column = first * column_block, columns = least(last * column_block, m->width) - column;
    float *target = m->target;
    if (!m->add)
        for (int64_t r = 0; r < m->target_rows; r++) memset(target + r * m->width + column, 0, sizeof(float) * (size_t)columns);
    for (int64_t r = 0; r < m->count; r++) {
        float *into = (m->rows[r] < 0 ? m->filler : target + m->rows[r] * m->width) + column;
        loops()->add_elements(hpm_float32, (const float *)m->source + r * m->width + column, into, columns);
    }
}

void hpm_place_tokens_backward(hpm_context *context, const float *gradient, const int32_t *source_rows, int64_t rows, int64_t width,
                               int64_t source_row_count, bool add, float *source_gradient, float *filler_gradient) {
    moved_rows work = {hpm_float32, gradient, source_rows, rows, width, source_row_count, add, source_gradient, filler_gradient};
    hpm_share(context, blocks(width, column_block), place_backward_share, &work);
}

static void scatter_share(const void *data, int64_t first, int64_t last) {
    const moved_rows *m = data;
    const int64_t column = first * column_block, columns = least(last * column_block, m->width) - column;
    for (int64_t r = 0; r < m->count; r++)
        loops()->add_elements(m->element, element_address(m->element, m->source, r * m->width + column),
                              (void *)element_address(m->element, m->target, m->rows[r] * m->width + column), columns);
}

void hpm_scatter_add_rows(hpm_context *context, hpm_element element, const void *source, const int32_t *rows, int64_t count, int64_t width,
                          void *output) {
    moved_rows work = {element, source, rows, count, width, 0, true, output, NULL};
    hpm_share(context, blocks(width, column_block), scatter_share, &work);
}

typedef struct {
    const char *source;
    const int32_t *rows;
    int64_t row_bytes;
    char *output;
} gathered_rows;

static void gather_rows_share(const void *data, int64_t first, int64_t last) {
    const gathered_rows *g = data;
    for (int64_t r = first; r < last; r++) memcpy(g->output + r * g->row_bytes, g->source + g->rows[r] * g->row_bytes, (size_t)g->row_bytes);
}

void hpm_gather_rows(hpm_context *context, const void *source, const int32_t *rows, int64_t count, int64_t row_bytes, void *output) {
    gathered_rows work = {source, rows, row_bytes, output};
    hpm_share(context, count, gather_rows_share, &work);
}

typedef struct {
    hpm_element from, into;
    const void *source;
    void *output;
    int64_t count;
} converted_elements;

static void convert_share(const void *data, int64_t first, int64_t last) {
    const converted_elements *c = data;
    loops()->convert(c->from, c->source, c->into, c->output, first * element_block, least(last * element_block, c->count));
}

void hpm_convert(hpm_context *context, hpm_element from, const void *source, hpm_element into, void *output, int64_t count) {
    converted_elements work = {from, into, source, output, count};
    hpm_share(context, blocks(count, element_block), convert_share, &work);
}

// The mean of the rows of `weights`, at the front of the context's scratch; room behind it is for the caller's row sums.
static hpm_status mean_row(hpm_context *context, const float *weights, int64_t outputs, int64_t inputs, int64_t rows) {
    // Reserved at once for whatever follows, so that the row stays where it is.
    const int64_t parts = most_parts < blocks(rows, fewest_rows) ? most_parts : blocks(rows, fewest_rows);
    hpm_status status = hpm_reserve_scratch(context, (size_t)((1 + parts) * inputs));
    elements_work work = {hpm_float32, weights, NULL, inputs};
    summed_rows summed;
    if (status == hpm_ok) status = sum_rows(context, loops()->column_sums, &work, outputs, inputs, inputs, &summed);
    if (status != hpm_ok) return status;
    memset(context->scratch, 0, sizeof(float) * (size_t)inputs);
    added_parts added = {summed.parts, summed.part_count, inputs, inputs, 1.0f / (float)outputs, context->scratch};
    hpm_share(context, blocks(inputs, column_block), added_parts_share, &added);
    return hpm_ok;
}

hpm_status hpm_mean_output(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t inputs, const float *weights,
                           const float *bias, int64_t outputs, float *output) {
    hpm_status status = mean_row(context, weights, outputs, inputs, 0);
    if (status != hpm_ok) return status;
    double sum = 0;
    for (int64_t i = 0; i < outputs; i++) sum += bias[i];
    hpm_row_dot(context, element, x, rows, inputs, context->scratch, (float)(sum / (double)outputs), output);
    return hpm_ok;
}

typedef struct {
    float *weight_gradient;
    const float *row;
    int64_t inputs;
} spread_rows;

static void spread_share(const void *data, int64_t first, int64_t last) {
    const spread_rows *s = data;
    for (int64_t r = first; r < last; r++) loops()->add_elements(hpm_float32, s->row, s->weight_gradient + r * s->inputs, s->inputs);
}

hpm_status hpm_mean_output_backward(hpm_context *context, const hpm_mean_output_gradient *w) {
    hpm_status status = mean_row(context, w->weights, w->outputs, w->inputs, w->rows);
    if (status != hpm_ok) return status;
    spread_work work = {context->scratch, w};
    summed_rows summed;
    status = sum_rows(context, loops()->spread_gradient, &work, w->rows, w->inputs, w->inputs, &summed);
    if (status != hpm_ok) return status;
    // The row has done its work: its place takes what every row of weights is given.
    memset(context->scratch, 0, sizeof(float) * (size_t)w->inputs);
    added_parts added = {summed.parts, summed.part_count, w->inputs, w->inputs, 1.0f / (float)w->outputs, context->scratch};
    hpm_share(context, blocks(w->inputs, column_block), added_parts_share, &added);
    spread_rows spread = {w->weight_gradient, context->scratch, w->inputs};
    hpm_share(context, w->outputs, spread_share, &spread);
    double sum = 0;
    for (int64_t r = 0; r < w->rows; r++) sum += w->gradient[r];
    for (int64_t i = 0; i < w->outputs; i++) w->bias_gradient[i] += (float)(sum / (double)w->outputs);
    return hpm_ok;
}

typedef struct {
    const float *x;
    int64_t count;
    double *sums;
} squares_work;

static void squares_share(const void *data, int64_t first, int64_t last) {
    const squares_work *s = data;
    for (int64_t b = first; b < last; b++)
        s->sums[b] = loops()->sum_of_squares(s->x + b * element_block, least(element_block, s->count - b * element_block));
}

hpm_status hpm_sum_of_squares(hpm_context *context, const float *x, int64_t count, double *sum) {
    const int64_t parts = blocks(count, element_block);
    hpm_status status = hpm_reserve_scratch(context, (size_t)(2 * parts));
    if (status != hpm_ok) return status;
    squares_work work = {x, count, (double *)context->scratch};
    hpm_share(context, parts, squares_share, &work);
    *sum = 0;
    for (int64_t i = 0; i < parts; i++) *sum += work.sums[i];
    return hpm_ok;
}

static void adamw_share(const void *data, int64_t first, int64_t last) {
    const hpm_adamw *w = data;
    int64_t before = 0;  // blocks of the groups so far
    for (int64_t g = 0; g < w->group_count && before < last; g++) {
        const hpm_parameter_group *group = &w->groups[g];
        const int64_t count = blocks(group->count, element_block);
        const int64_t from = first > before ? first - before : 0, to = least(last - before, count);
        if (from < to)
            loops()->adamw(w, group, group->first + from * element_block, group->first + least(to * element_block, group->count));
        before += count;
    }
}

void hpm_adamw_step(hpm_context *context, const hpm_adamw *work) {
    int64_t items = 0;
    for (int64_t g = 0; g < work->group_count; g++) items += blocks(work->groups[g].count, element_block);
    hpm_share(context, items, adamw_share, work);
}
