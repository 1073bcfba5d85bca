// Attention and its gradient of bfloat16 on AVX-512 BF16, whose products take neighbours two by two: c += a0 b0 + a1 b1, in float32. What is
// summed over lies in pairs of one 32-bit word: along a head's width it does so in memory already; of tokens and of queries, two rows are
// woven. Probabilities and the gradients of scores are rounded to bfloat16 where they are factors; sums are of what they were before.
#include <immintrin.h>
#include <stdint.h>
#pragma STDC FP_CONTRACT ON
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))), apply_to = function)
#define LANES 16
#define NAME(x) x##_bfloat16
#include "vector_math.h"

// Two bfloat16, the first in the lower half. Heads of an even width begin at whole pairs.
typedef uint32_t pair __attribute__((may_alias));
typedef uint32_t vpair __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

INLINE vfloat add_products(vfloat sums, vpair a, vpair b) { return (vfloat)_mm512_dpbf16_ps((__m512)sums, (__m512bh)a, (__m512bh)b); }

INLINE vpair weave(vhalf first, vhalf second) { return __builtin_convertvector(first, vpair) | __builtin_convertvector(second, vpair) << 16; }

INLINE vhalf narrow(vfloat x) { return (vhalf)_mm512_cvtneps_pbh((__m512)x); }

// out [QUERIES, columns] (+)= a · b [2 depth, columns], whole tiles. The pair of a at row q and depth k is a[q · a_row + k · a_depth]; rows of
// b and out lie `stride` apart.
INLINE void multiply_pairs(const pair *a, int64_t a_row, int64_t a_depth, const pair *b, int64_t depth, int64_t columns, int64_t stride,
                           bool add, float *out) {
    for (int64_t column = 0; column < columns; column += TILE) {
        vfloat sums[QUERIES][2];
        for (int q = 0; q < QUERIES; q++) {
            sums[q][0] = add ? load(out + q * stride + column) : broadcast(0);
            sums[q][1] = add ? load(out + q * stride + column + LANES) : broadcast(0);
        }
        const pair *factors = a, *panel = b + column;
        for (int64_t k = 0; k < depth; k++, factors += a_depth, panel += stride) {
            const vpair b0 = *(const vpair *)panel, b1 = *(const vpair *)(panel + LANES);
#pragma clang loop unroll(full)
            for (int q = 0; q < QUERIES; q++) {
                const vpair factor = (vpair)_mm512_set1_epi32((int)factors[q * a_row]);
                sums[q][0] = add_products(sums[q][0], factor, b0);
                sums[q][1] = add_products(sums[q][1], factor, b1);
            }
        }
        for (int q = 0; q < QUERIES; q++) {
            store(out + q * stride + column, sums[q][0]);
            store(out + q * stride + column + LANES, sums[q][1]);
        }
    }
}

// Some rows of the whole: `start` is the first row's first element, `stride` the elements between rows.
typedef struct {
    const uint16_t *start;
    int64_t stride;
} head_rows;

static head_rows rows_of(const void *base, int64_t start, int64_t stride) { return (head_rows){(const uint16_t *)base + start, stride}; }

// A head's rows [count, head] as pairs of its neighbours, laid across: [head / 2, count], with zeros to the rows' end.
static void lay_pairs_across(head_rows rows, int64_t count, int64_t head, pair *across) {
    lay_across((const float *)rows.start, rows.stride / 2, count, head / 2, (float *)across);
}

// A head's rows [count, head] woven two and two: [count / 2, head], with zeros to the rows' end and for a row that is missing.
static void weave_rows(head_rows rows, int64_t count, int64_t head, pair *woven) {
    const int64_t along = row_stride(head), vectors = head / LANES * LANES;
    for (int64_t t = 0; t < count; t += 2, woven += along) {
        const uint16_t *first = rows.start + t * rows.stride, *second = first + rows.stride;
        const bool paired = t + 1 < count;
        // Rows are pages apart, where the processor does not fetch ahead by itself.
        for (int64_t i = 0; i < head; i += 32) {
            __builtin_prefetch(first + 8 * rows.stride + i);
            __builtin_prefetch(second + 8 * rows.stride + i);
        }
        for (int64_t i = 0; i < vectors; i += LANES)
            *(vpair *)(woven + i) = weave(*(const vhalf *)(first + i), paired ? *(const vhalf *)(second + i) : (vhalf){0});
        for (int64_t i = vectors; i < along; i++)
            woven[i] = i < head ? first[i] | (paired ? (uint32_t)second[i] << 16 : 0) : 0;
    }
}

// `count` rows of a head as they lie, QUERIES of them: the missing ones are zero.
static void copy_rows(head_rows rows, int64_t count, int64_t head, pair *copied) {
    for (int64_t q = 0; q < QUERIES; q++) {
        if (q < count) memcpy(copied + q * (head / 2), rows.start + q * rows.stride, sizeof(uint16_t) * (size_t)head);
        else memset(copied + q * (head / 2), 0, sizeof(uint16_t) * (size_t)head);
    }
}

// A row of whole tiles, rounded to pairs of neighbours.
INLINE void narrow_row(const float *x, int64_t count, pair *pairs) {
    for (int64_t i = 0; i < count; i += 2 * LANES)
        *(__m512bh *)(pairs + i / 2) = _mm512_cvtne2ps_pbh((__m512)load(x + i + LANES), (__m512)load(x + i));
}

// QUERIES rows, rounded and woven two and two.
INLINE void weave_panel(const float *x, int64_t count, int64_t stride, pair *woven) {
    for (int64_t q = 0; q < QUERIES; q += 2, x += 2 * stride, woven += stride)
        for (int64_t i = 0; i < count; i += LANES) *(vpair *)(woven + i) = weave(narrow(load(x + i)), narrow(load(x + stride + i)));
}

// Places one after the other in a thread's scratch, each from a cache line on; counts them where there is no scratch yet.
typedef struct {
    float *scratch;
    int64_t used;
} placing;

static void *place(placing *places, int64_t words) {
    void *result = places->scratch ? places->scratch + places->used : NULL;
    places->used += round_up(words, 16);
    return result;
}

typedef struct {
    pair *keys_across;    // [head / 2, tokens]
    pair *value_pairs;    // [tokens / 2, head]
    pair *queries;        // [QUERIES, head / 2]
    float *scores;        // [QUERIES, tokens]
    pair *probabilities;  // [QUERIES, tokens / 2]
    float *mixed;         // [QUERIES, head]
} forward_room;

static int64_t lay_out_forward(const attention_work *w, float *scratch, forward_room *room) {
    const int64_t head = w->width / w->heads, across = row_stride(w->tokens), along = row_stride(head);
    placing places = {scratch, 0};
    room->keys_across = place(&places, head / 2 * across);
    room->value_pairs = place(&places, (w->tokens + 1) / 2 * along);
    room->queries = place(&places, QUERIES * head / 2);
    room->scores = place(&places, QUERIES * across);
    room->probabilities = place(&places, QUERIES * across);
    room->mixed = place(&places, QUERIES * along);
    return places.used;
}

static int64_t forward_floats(const attention_work *w) {
    forward_room room;
    return lay_out_forward(w, NULL, &room);
}

static void forward(const attention_work *w, int64_t sequence, int64_t head_index, int64_t first, int64_t last, float *scratch) {
    const int64_t tokens = w->tokens, head = w->width / w->heads, across = row_stride(tokens), along = row_stride(head);
    const int64_t columns = round_up(tokens, TILE), stride = 3 * w->width, start = sequence * tokens * stride + head_index * head;
    const float scale = 1.0f / sqrtf((float)head);
    forward_room room;
    lay_out_forward(w, scratch, &room);
    lay_pairs_across(rows_of(w->qkv, start + w->width, stride), tokens, head, room.keys_across);
    weave_rows(rows_of(w->qkv, start + 2 * w->width, stride), tokens, head, room.value_pairs);
    for (int64_t query = first; query < last; query += QUERIES) {
        const int64_t count = last - query < QUERIES ? last - query : QUERIES;
        copy_rows(rows_of(w->qkv, start + query * stride, stride), count, head, room.queries);
        multiply_pairs(room.queries, head / 2, 1, room.keys_across, head / 2, columns, across, false, room.scores);
        float inverse[QUERIES], logarithms[QUERIES];
        for (int64_t q = 0; q < QUERIES; q++) {
            inverse[q] = exponentiate_row(room.scores + q * across, tokens, columns, scale, logarithms + q);
            narrow_row(room.scores + q * across, columns, room.probabilities + q * across);
        }
        if (w->log_sum_exp)
            for (int64_t q = 0; q < count; q++) w->log_sum_exp[(sequence * w->heads + head_index) * tokens + query + q] = logarithms[q];
        multiply_pairs(room.probabilities, across, 1, room.value_pairs, (tokens + 1) / 2, round_up(head, TILE), along, false, room.mixed);
        for (int64_t q = 0; q < count; q++) {
            const int64_t row = (sequence * tokens + query + q) * w->width + head_index * head;
            FOR_VECTORS(0, head,
                        write(hpm_bfloat16, w->output, row + at, n,
                              read(hpm_float32, room.mixed, q * along + at, n) * broadcast(inverse[q])));
        }
    }
}

// Queries are taken in blocks whose woven probabilities and score gradients stay in the second-level cache; a whole number of pairs.
enum { QUERY_BLOCK = 8 * QUERIES };

typedef struct {
    int64_t head, tokens;
    int64_t across, along;                             // how far apart rows over tokens lie, and rows over a head's width
    pair *keys_across, *values_across;                 // [head / 2, tokens]
    pair *key_pairs, *query_pairs, *output_pairs;      // [tokens / 2, head]; output_pairs of the output's gradient
    pair *queries, *output_gradients;                  // [QUERIES, head / 2]
    float *scores, *score_gradients;                   // [QUERIES, tokens]
    pair *neighbours;                                  // [QUERIES, tokens / 2], of score gradients
    pair *woven_probabilities, *woven_gradients;       // [QUERY_BLOCK / 2, tokens]
    float *query_gradients;                            // [QUERIES, head]
    float *key_gradients, *value_gradients;            // [tokens, head], rows to a multiple of QUERIES
} gradient_room;

static int64_t lay_out_gradient(const hpm_attention_gradient *w, float *scratch, gradient_room *room) {
    const int64_t head = w->width / w->heads, across = row_stride(w->tokens), along = row_stride(head);
    const int64_t pairs = (w->tokens + 1) / 2 * along, rows = round_up(w->tokens, QUERIES) * along;
    // Panels of QUERIES columns may end a few words beyond the last row.
    const int64_t block = QUERY_BLOCK / 2 * across + QUERIES;
    room->head = head;
    room->tokens = w->tokens;
    room->across = across;
    room->along = along;
    placing places = {scratch, 0};
    room->keys_across = place(&places, head / 2 * across);
    room->values_across = place(&places, head / 2 * across);
    room->key_pairs = place(&places, pairs);
    room->query_pairs = place(&places, pairs);
    room->output_pairs = place(&places, pairs);
    room->queries = place(&places, QUERIES * head / 2);
    room->output_gradients = place(&places, QUERIES * head / 2);
    room->scores = place(&places, QUERIES * across);
    room->score_gradients = place(&places, QUERIES * across);
    room->neighbours = place(&places, QUERIES * across);
    room->woven_probabilities = place(&places, block);
    room->woven_gradients = place(&places, block);
    room->query_gradients = place(&places, QUERIES * along);
    room->key_gradients = place(&places, rows);
    room->value_gradients = place(&places, rows);
    return places.used;
}

static int64_t gradient_floats(const hpm_attention_gradient *w) {
    gradient_room room;
    return lay_out_gradient(w, NULL, &room);
}

// Where a sequence's rows of one head are.
typedef struct {
    head_rows queries, keys, values, output, output_gradient;
    int64_t gradient_start;
    const float *log_sum_exp;
} head_place;

static head_place find_head(const hpm_attention_gradient *w, int64_t sequence, int64_t head_index) {
    const int64_t head = w->width / w->heads, stride = 3 * w->width, start = sequence * w->tokens * stride + head_index * head;
    const int64_t output_start = sequence * w->tokens * w->width + head_index * head;
    return (head_place){.queries = rows_of(w->qkv, start, stride),
                        .keys = rows_of(w->qkv, start + w->width, stride),
                        .values = rows_of(w->qkv, start + 2 * w->width, stride),
                        .output = rows_of(w->output, output_start, w->width),
                        .output_gradient = rows_of(w->output_gradient, output_start, w->width),
                        .gradient_start = start,
                        .log_sum_exp = w->log_sum_exp + (sequence * w->heads + head_index) * w->tokens};
}

static head_rows from_row(head_rows rows, int64_t row) { return (head_rows){rows.start + row * rows.stride, rows.stride}; }

INLINE float row_product(const uint16_t *a, const uint16_t *b, int64_t count) {
    vfloat sum = broadcast(0);
    FOR_VECTORS(0, count, sum += read(hpm_bfloat16, a, at, n) * read(hpm_bfloat16, b, at, n));
    return sum_lanes(sum);
}

static void store_gradient_rows(const hpm_attention_gradient *w, const gradient_room *room, const float *rows, int64_t count, int64_t start) {
    for (int64_t t = 0; t < count; t++)
        FOR_VECTORS(0, room->head,
                    write(hpm_bfloat16, w->gradient, start + t * 3 * w->width + at, n, read(hpm_float32, rows, t * room->along + at, n)));
}

// Probabilities of QUERIES queries, and the gradients of their scores, in place of scores and the gradients of probabilities. Columns beyond
// the last token and rows beyond the last query become zero: they are factors of what is summed over tokens and queries.
static void differentiate_panel(const head_place *place, const gradient_room *room, int64_t query, int64_t count) {
    const int64_t columns = round_up(room->tokens, TILE);
    for (int64_t q = 0; q < QUERIES; q++) {
        float *scores = room->scores + q * room->across, *gradients = room->score_gradients + q * room->across;
        if (q < count) {
            const float total = row_product(from_row(place->output, query + q).start, from_row(place->output_gradient, query + q).start,
                                            room->head);
            differentiate_softmax(scores, gradients, room->tokens, place->log_sum_exp[query + q], total, 1.0f / sqrtf((float)room->head));
        }
        const int64_t known = q < count ? room->tokens : 0;
        memset(scores + known, 0, sizeof(float) * (size_t)(columns - known));
        memset(gradients + known, 0, sizeof(float) * (size_t)(columns - known));
    }
}

static void backward(const hpm_attention_gradient *w, int64_t sequence, int64_t head_index, float *scratch) {
    gradient_room room;
    lay_out_gradient(w, scratch, &room);
    const head_place place = find_head(w, sequence, head_index);
    const int64_t tokens = w->tokens, head = room.head, across = room.across, along = room.along;
    const int64_t columns = round_up(tokens, TILE), head_columns = round_up(head, TILE);
    lay_pairs_across(place.keys, tokens, head, room.keys_across);
    lay_pairs_across(place.values, tokens, head, room.values_across);
    weave_rows(place.keys, tokens, head, room.key_pairs);
    weave_rows(place.queries, tokens, head, room.query_pairs);
    weave_rows(place.output_gradient, tokens, head, room.output_pairs);
    for (int64_t first = 0; first < tokens; first += QUERY_BLOCK) {
        const int64_t last = first + QUERY_BLOCK < tokens ? first + QUERY_BLOCK : tokens;
        for (int64_t query = first; query < last; query += QUERIES) {
            const int64_t count = last - query < QUERIES ? last - query : QUERIES, woven = (query - first) / 2 * across;
            copy_rows(from_row(place.queries, query), count, head, room.queries);
            copy_rows(from_row(place.output_gradient, query), count, head, room.output_gradients);
            multiply_pairs(room.queries, head / 2, 1, room.keys_across, head / 2, columns, across, false, room.scores);
            multiply_pairs(room.output_gradients, head / 2, 1, room.values_across, head / 2, columns, across, false, room.score_gradients);
            differentiate_panel(&place, &room, query, count);
            weave_panel(room.scores, columns, across, room.woven_probabilities + woven);
            weave_panel(room.score_gradients, columns, across, room.woven_gradients + woven);
            for (int64_t q = 0; q < QUERIES; q++)
                narrow_row(room.score_gradients + q * across, columns, room.neighbours + q * across);
            multiply_pairs(room.neighbours, across, 1, room.key_pairs, (tokens + 1) / 2, head_columns, along, false, room.query_gradients);
            store_gradient_rows(w, &room, room.query_gradients, count, place.gradient_start + query * 3 * w->width);
        }
        const int64_t pairs = (last - first + 1) / 2;
        for (int64_t token = 0; token < tokens; token += QUERIES) {
            multiply_pairs(room.woven_probabilities + token, 1, across, room.output_pairs + first / 2 * along, pairs, head_columns, along,
                           first > 0, room.value_gradients + token * along);
            multiply_pairs(room.woven_gradients + token, 1, across, room.query_pairs + first / 2 * along, pairs, head_columns, along, first > 0,
                           room.key_gradients + token * along);
        }
    }
    store_gradient_rows(w, &room, room.key_gradients, tokens, place.gradient_start + w->width);
    store_gradient_rows(w, &room, room.value_gradients, tokens, place.gradient_start + 2 * w->width);
}

const hpm_attention_loops hpm_attention_loops_bfloat16 = {
    .scratch_floats = forward_floats,
    .forward = forward,
    .gradient_scratch_floats = gradient_floats,
    .backward = backward,
};
#pragma clang attribute pop
