// Shares the rows of each operation among the team's threads, statically, so that equal inputs give equal bits.
#define _GNU_SOURCE  // sched_getaffinity
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "loops.h"
#include "team.h"

// libgomp's own entry points: clang would emit calls for another OpenMP runtime, and two must not meet in one process.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void omp_set_num_threads(int threads);

const hpm_loops *hpm_chosen_loops(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl")
               ? &hpm_loops_avx512
               : &hpm_loops_avx2;
}

const char *hpm_instruction_set(void) {
    if (hpm_chosen_loops() == &hpm_loops_avx512) return "avx512";
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "avx2" : NULL;
}

bool hpm_has_bfloat16(void) { return hpm_chosen_loops() == &hpm_loops_avx512 && __builtin_cpu_supports("avx512bf16"); }

const hpm_attention_loops *hpm_chosen_attention(hpm_element element, int64_t head) {
    // Pairs of a row's neighbours are what the processor's bfloat16 products take.
    if (element == hpm_bfloat16 && head % 2 == 0 && hpm_has_bfloat16()) return &hpm_attention_loops_bfloat16;
    return hpm_chosen_loops() == &hpm_loops_avx512 ? &hpm_attention_loops_avx512 : &hpm_attention_loops_avx2;
}

int hpm_allowed_processors(void) {
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
}

hpm_status hpm_context_create(int threads, hpm_context **context) {
    hpm_context *made = calloc(1, sizeof *made);
    if (!made) return hpm_out_of_memory;
    omp_set_num_threads(threads);
    made->threads = threads;
    if (dnnl_engine_create(&made->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags) != dnnl_success) {
        hpm_context_destroy(made);
        return hpm_library_failed;
    }
    *context = made;
    return hpm_ok;
}

void hpm_context_destroy(hpm_context *context) {
    if (context->stream) dnnl_stream_destroy(context->stream);
    hpm_products_destroy(context->products);
    if (context->engine) dnnl_engine_destroy(context->engine);
    free(context->scratch);
    free(context);
}

typedef struct {
    void (*body)(const void *work, int64_t first, int64_t last);
    const void *work;
    int64_t items;
} shared_work;

static void take_share(void *data) {
    const shared_work *shared = data;
    const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t first = shared->items * thread / threads, last = shared->items * (thread + 1) / threads;
    if (first < last) shared->body(shared->work, first, last);
}

void hpm_share(hpm_context *context, int64_t items, void (*body)(const void *, int64_t, int64_t), const void *work) {
    if (context->threads == 1 || items < 2) {
        if (items > 0) body(work, 0, items);
        return;
    }
    shared_work shared = {body, work, items};
    GOMP_parallel(take_share, &shared, (unsigned)context->threads, 0);
}

static void layer_norm_share(const void *work, int64_t first, int64_t last) { hpm_chosen_loops()->layer_norm(work, first, last); }

void hpm_layer_norm(hpm_context *context, const float *x, int64_t rows, int64_t width, const float *scale, const float *shift,
                    float epsilon, float *statistics, hpm_element output_element, void *output) {
    layer_norm_work work = {x, scale, shift, width, epsilon, statistics, output_element, output};
    hpm_share(context, rows, layer_norm_share, &work);
}

// Attention's items are (sequence, head, part of the queries): parts only where heads alone would leave threads idle.
typedef struct {
    attention_work attention;
    const hpm_attention_loops *loops;
    int64_t parts;
    float *scratch;
    int64_t scratch_floats;
} attention_team;

static void attention_share(const void *data, int64_t first, int64_t last) {
    const attention_team *team = data;
    const attention_work *work = &team->attention;
    float *scratch = team->scratch + omp_get_thread_num() * team->scratch_floats;
    for (int64_t item = first; item < last; item++) {
        const int64_t part = item % team->parts, head = item / team->parts % work->heads, sequence = item / team->parts / work->heads;
        team->loops->forward(work, sequence, head, work->tokens * part / team->parts, work->tokens * (part + 1) / team->parts, scratch);
    }
}

hpm_status hpm_reserve_scratch(hpm_context *context, size_t floats) {
    if (context->scratch_floats >= floats) return hpm_ok;
    free(context->scratch);
    context->scratch = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
    context->scratch_floats = context->scratch ? floats : 0;
    return context->scratch ? hpm_ok : hpm_out_of_memory;
}

hpm_status hpm_attention(hpm_context *context, hpm_element element, const void *qkv, int64_t sequences, int64_t tokens, int64_t width,
                         int64_t heads, float *log_sum_exp, void *output) {
    attention_team team = {.attention = {element, qkv, tokens, width, heads, log_sum_exp, output},
                           .loops = hpm_chosen_attention(element, width / heads)};
    team.scratch_floats = (team.loops->scratch_floats(&team.attention) + 15) / 16 * 16;
    hpm_status status = hpm_reserve_scratch(context, (size_t)team.scratch_floats * (size_t)context->threads);
    if (status != hpm_ok) return status;
    team.scratch = context->scratch;
    team.parts = 1;
    while (sequences * heads * team.parts < 2 * context->threads && team.parts * 12 < tokens) team.parts++;
    hpm_share(context, sequences * heads * team.parts, attention_share, &team);
    return hpm_ok;
}

static float stored(hpm_element element, const void *base, int64_t index) {
    if (element == hpm_float32) return ((const float *)base)[index];
    uint32_t bits = (uint32_t)((const uint16_t *)base)[index] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

typedef struct {
    attention_work attention;
    float *output;
} class_attention_work;

// One query a sequence and head: plain loops are enough.
static void class_attention_share(const void *data, int64_t first, int64_t last) {
    const class_attention_work *work = data;
    const attention_work *a = &work->attention;
    const int64_t head_width = a->width / a->heads;
    for (int64_t sequence = first; sequence < last; sequence++) {
        float *out = work->output + sequence * (a->tokens - 1);
        memset(out, 0, sizeof(float) * (size_t)(a->tokens - 1));
        const int64_t base = sequence * a->tokens * 3 * a->width;
        for (int64_t head = 0; head < a->heads; head++) {
            const int64_t query = base + head * head_width;
            float greatest = -INFINITY, sum = 0;
            for (int pass = 0; pass < 3; pass++) {  // greatest score, then the sum, then the share of each
                for (int64_t t = 0; t < a->tokens; t++) {
                    const int64_t key = base + t * 3 * a->width + a->width + head * head_width;
                    float score = 0;
                    for (int64_t i = 0; i < head_width; i++)
                        score += stored(a->element, a->qkv, query + i) * stored(a->element, a->qkv, key + i);
                    score /= sqrtf((float)head_width);
                    if (pass == 0) greatest = fmaxf(greatest, score);
                    else if (pass == 1) sum += expf(score - greatest);
                    else if (t > 0) out[t - 1] += expf(score - greatest) / sum / (float)a->heads;
                }
            }
        }
    }
}

void hpm_class_attention(hpm_context *context, hpm_element element, const void *qkv, int64_t sequences, int64_t tokens, int64_t width,
                         int64_t heads, float *output) {
    class_attention_work work = {{element, qkv, tokens, width, heads, NULL, NULL}, output};
    hpm_share(context, sequences, class_attention_share, &work);
}

typedef struct {
    const float *pixels;
    int64_t channels, grid_rows, grid_columns, side, patches_per_image;
    const int32_t *patches;
    hpm_element output_element;
    void *output;
} gather_work;

static void gather_share(const void *data, int64_t first, int64_t last) {
    const gather_work *w = data;
    const int64_t width = w->grid_columns * w->side, plane = w->grid_rows * w->side * width, row_length = w->channels * w->side * w->side;
    for (int64_t r = first; r < last; r++) {
        const int64_t image = r / w->patches_per_image, patch = w->patches[r];
        const float *corner =
            w->pixels + image * w->channels * plane + patch / w->grid_columns * w->side * width + patch % w->grid_columns * w->side;
        int64_t at = r * row_length;
        for (int64_t c = 0; c < w->channels; c++)
            for (int64_t y = 0; y < w->side; y++, at += w->side) {
                const float *line = corner + c * plane + y * width;
                if (w->output_element == hpm_float32) {
                    memcpy((float *)w->output + at, line, sizeof(float) * (size_t)w->side);
                } else {
                    for (int64_t x = 0; x < w->side; x++) {
                        uint32_t bits;
                        memcpy(&bits, line + x, 4);
                        ((uint16_t *)w->output)[at + x] = (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                    }
                }
            }
    }
}

void hpm_gather_patches(hpm_context *context, const float *pixels, int64_t channels, int64_t grid_rows, int64_t grid_columns, int64_t side,
                        const int32_t *patches, int64_t count, int64_t patches_per_image, hpm_element output_element, void *output) {
    gather_work work = {pixels, channels, grid_rows, grid_columns, side, patches_per_image, patches, output_element, output};
    hpm_share(context, count, gather_share, &work);
}

static void place_tokens_share(const void *work, int64_t first, int64_t last) { hpm_chosen_loops()->place_tokens(work, first, last); }

void hpm_place_tokens(hpm_context *context, const float *source, const int32_t *source_rows, const float *filler, const float *positions,
                      const int32_t *position_rows, int64_t rows, int64_t width, float *output) {
    place_tokens_work work = {source, filler, positions, source_rows, position_rows, width, output};
    hpm_share(context, rows, place_tokens_share, &work);
}

static void row_dot_share(const void *work, int64_t first, int64_t last) { hpm_chosen_loops()->row_dot(work, first, last); }

void hpm_row_dot(hpm_context *context, hpm_element element, const void *x, int64_t rows, int64_t width, const float *weights, float bias,
                 float *output) {
    row_dot_work work = {element, x, width, weights, bias, output};
    hpm_share(context, rows, row_dot_share, &work);
}
