// The loops, written once for any vector width. Included by one file per instruction set, which defines
//   LANES       floats in a vector register
//   NAME(x)     x with the instruction set's suffix
// Rows are worked on in ranges: the caller shares them among threads.
#include <math.h>
#include <string.h>

#include "loops.h"

typedef float vfloat __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t vint __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef uint16_t vhalf __attribute__((vector_size(LANES * 2), aligned(2), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vfloat broadcast(float value) { return value - (vfloat){0}; }
INLINE vfloat load(const float *p) { return *(const vfloat *)p; }
INLINE void store(float *p, vfloat v) { *(vfloat *)p = v; }

INLINE vfloat load_bfloat16(const uint16_t *p) {
    vint wide = __builtin_convertvector(*(const vhalf *)p, vint);
    return (vfloat)(wide << 16);
}

// Round to nearest, ties to even. NaN payloads may round to infinity's neighbour: weights and pixels are checked finite before.
INLINE void store_bfloat16(uint16_t *p, vfloat v) {
    typedef uint32_t vword __attribute__((vector_size(LANES * 4)));
    vword bits = (vword)v;
    bits += 0x7FFF + ((bits >> 16) & 1);
    *(vhalf *)p = __builtin_convertvector(bits >> 16, vhalf);
}

static uint16_t to_bfloat16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    bits += 0x7FFF + ((bits >> 16) & 1);
    return (uint16_t)(bits >> 16);
}

static float from_bfloat16(uint16_t value) {
    uint32_t bits = (uint32_t)value << 16;
    float result;
    memcpy(&result, &bits, 4);
    return result;
}

INLINE float sum_lanes(vfloat v) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += v[i];
    return total;
}

INLINE float max_lanes(vfloat v) {
    float greatest = v[0];
    for (int i = 1; i < LANES; i++) greatest = v[i] > greatest ? v[i] : greatest;
    return greatest;
}

INLINE float element_at(hpm_element element, const void *base, int64_t index) {
    return element == hpm_float32 ? ((const float *)base)[index] : from_bfloat16(((const uint16_t *)base)[index]);
}

INLINE vfloat read(const hpm_element element, const void *base, int64_t at, int64_t count) {
    if (count == LANES) return element == hpm_float32 ? load((const float *)base + at) : load_bfloat16((const uint16_t *)base + at);
    vfloat result = broadcast(0);
    for (int64_t i = 0; i < count; i++) result[i] = element_at(element, base, at + i);
    return result;
}

INLINE void write(const hpm_element element, void *base, int64_t at, int64_t count, vfloat v) {
    if (count == LANES && element == hpm_float32) store((float *)base + at, v);
    else if (count == LANES) store_bfloat16((uint16_t *)base + at, v);
    else
        for (int64_t i = 0; i < count; i++) {
            if (element == hpm_float32) ((float *)base)[at + i] = v[i];
            else ((uint16_t *)base)[at + i] = to_bfloat16(v[i]);
        }
}

// Each loop's body is a statement of a position and a number of elements: a whole vector's for most, the remainder's for the last.
// FOR_VECTORS runs `statement` for every vector of [first, last), its position `at` and its elements `n`.
#define FOR_VECTORS(first, last, statement)             \
    do {                                                \
        int64_t at = (first);                           \
        for (; at + LANES <= (last); at += LANES) {     \
            enum { n = LANES };                         \
            statement;                                  \
        }                                               \
        if (at < (last)) {                              \
            const int64_t n = (last) - at;              \
            statement;                                  \
        }                                               \
    } while (0)

typedef float vfloat8 __attribute__((vector_size(32), aligned(4), may_alias));

// Eight rows of eight to eight columns.
INLINE void transpose(vfloat8 r[8]) {
    vfloat8 s[8], t[8];
    for (int i = 0; i < 8; i += 2) {
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            t[i + 2 * j] = __builtin_shufflevector(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            t[i + 2 * j + 1] = __builtin_shufflevector(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        r[i] = __builtin_shufflevector(t[i], t[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = __builtin_shufflevector(t[i], t[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

// exp(x) for x <= 0: 2^k · e^r with |r| <= ln 2 / 2, e^r by the degree-6 minimax polynomial of Cephes' expf. Below -87 the result is 0.
INLINE vfloat exponential(vfloat x) {
    vint tiny = x < broadcast(-87.0f);
    vfloat scaled = x * broadcast(1.44269504088896341f);
    vfloat magic = broadcast(12582912.0f);  // 1.5 · 2^23: adding it rounds to an integer
    vfloat shifted = scaled + magic;
    vfloat k = shifted - magic;
    vfloat r = x - k * broadcast(0.693359375f);
    r = r - k * broadcast(-2.12194440e-4f);
    vfloat p = broadcast(1.9875691500e-4f);
    p = p * r + broadcast(1.3981999507e-3f);
    p = p * r + broadcast(8.3334519073e-3f);
    p = p * r + broadcast(4.1665795894e-2f);
    p = p * r + broadcast(1.6666665459e-1f);
    p = p * r + broadcast(5.0000001201e-1f);
    p = p * (r * r) + r + broadcast(1.0f);
    vint power = ((vint)shifted - 0x4B400000 + 127) << 23;
    vfloat result = p * (vfloat)power;
    return (vfloat)((vint)result & ~tiny);
}

static void layer_norm_rows(const layer_norm_work *w, int64_t first, int64_t last) {
    const int64_t width = w->width, vectors = width / LANES * LANES;
    for (int64_t row = first; row < last; row++) {
        const float *x = w->x + row * width;
        vfloat sums = broadcast(0);
        for (int64_t i = 0; i < vectors; i += LANES) sums += load(x + i);
        float total = sum_lanes(sums);
        for (int64_t i = vectors; i < width; i++) total += x[i];
        const float mean = total / (float)width;
        vfloat squares = broadcast(0);
        for (int64_t i = 0; i < vectors; i += LANES) {
            vfloat centred = load(x + i) - broadcast(mean);
            squares += centred * centred;
        }
        float variance = sum_lanes(squares);
        for (int64_t i = vectors; i < width; i++) variance += (x[i] - mean) * (x[i] - mean);
        const float inverse = 1.0f / sqrtf(variance / (float)width + w->epsilon);
        if (w->statistics) {
            w->statistics[2 * row] = mean;
            w->statistics[2 * row + 1] = inverse;
        }
        if (w->output_element == hpm_float32) {
            float *y = (float *)w->output + row * width;
            for (int64_t i = 0; i < vectors; i += LANES)
                store(y + i, (load(x + i) - broadcast(mean)) * broadcast(inverse) * load(w->scale + i) + load(w->shift + i));
            for (int64_t i = vectors; i < width; i++) y[i] = (x[i] - mean) * inverse * w->scale[i] + w->shift[i];
        } else {
            uint16_t *y = (uint16_t *)w->output + row * width;
            for (int64_t i = 0; i < vectors; i += LANES)
                store_bfloat16(y + i, (load(x + i) - broadcast(mean)) * broadcast(inverse) * load(w->scale + i) + load(w->shift + i));
            for (int64_t i = vectors; i < width; i++) y[i] = to_bfloat16((x[i] - mean) * inverse * w->scale[i] + w->shift[i]);
        }
    }
}

// Attention works on QUERIES rows at once against TILE columns: QUERIES × 2 accumulators, two vectors and one broadcast fit the registers.
enum { QUERIES = 6, TILE = 2 * LANES };

INLINE int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// How far apart rows of `count` floats are put: room for whole tiles, and an odd number of cache lines, so that a column of them
// spreads over all sets of the first-level cache.
INLINE int64_t row_stride(int64_t count) { return (round_up(count, TILE) / 16 | 1) * 16; }

static int64_t attention_scratch_floats(const attention_work *w) {
    const int64_t head = w->width / w->heads, across = row_stride(w->tokens), along = row_stride(head);
    return head * across + 2 * w->tokens * along + QUERIES * (across + along) + QUERIES * along;
}

// One head's part of `count` rows that begin at element `start` and lie `stride` apart, as float32 rows with zeros to their end.
static void widen_rows(hpm_element element, const void *base, int64_t start, int64_t stride, int64_t count, int64_t head, float *rows) {
    const int64_t along = row_stride(head);
    for (int64_t t = 0; t < count; t++) {
        float *row = rows + t * along;
        const int64_t from = start + t * stride;
        // Rows are pages apart, where the processor does not fetch ahead by itself.
        const char *ahead = (const char *)base + (from + 8 * stride) * (element == hpm_float32 ? 4 : 2);
        for (int64_t i = 0; i < head; i += 16) __builtin_prefetch(ahead + i * (element == hpm_float32 ? 4 : 2));
        if (element == hpm_float32) FOR_VECTORS(0, head, write(hpm_float32, row, at, n, read(hpm_float32, base, from + at, n)));
        else FOR_VECTORS(0, head, write(hpm_float32, row, at, n, read(hpm_bfloat16, base, from + at, n)));
        for (int64_t i = head; i < along; i++) row[i] = 0;
    }
}

// The rows' first `head` columns, times `scale`, as rows: [head, tokens] with zeros to their end.
static void lay_across(const float *rows, int64_t tokens, int64_t head, float scale, float *across) {
    const int64_t along = row_stride(head), stride = row_stride(tokens);
    int64_t i = 0;
    for (; i + 8 <= head; i += 8) {
        int64_t t = 0;
        for (; t + 8 <= tokens; t += 8) {
            vfloat8 square[8];
            for (int r = 0; r < 8; r++) square[r] = *(const vfloat8 *)(rows + (t + r) * along + i) * scale;
            transpose(square);
            for (int r = 0; r < 8; r++) *(vfloat8 *)(across + (i + r) * stride + t) = square[r];
        }
        for (int r = 0; r < 8; r++)
            for (int64_t u = t; u < tokens; u++) across[(i + r) * stride + u] = rows[u * along + i + r] * scale;
    }
    for (; i < head; i++)
        for (int64_t t = 0; t < tokens; t++) across[i * stride + t] = rows[t * along + i] * scale;
    for (i = 0; i < head; i++)
        for (int64_t t = tokens; t < stride; t++) across[i * stride + t] = 0;
}

// out [QUERIES, columns] = a [QUERIES, depth] · b [depth, columns], whole tiles; rows of b and out lie `stride` apart.
INLINE void multiply_panel(const float *a, int64_t a_stride, const float *b, int64_t depth, int64_t columns, int64_t stride, float *out) {
    for (int64_t column = 0; column < columns; column += TILE) {
        vfloat sums[QUERIES][2];
        for (int q = 0; q < QUERIES; q++) sums[q][0] = sums[q][1] = broadcast(0);
        const float *panel = b + column;
        for (int64_t k = 0; k < depth; k++, panel += stride) {
            const vfloat b0 = load(panel), b1 = load(panel + LANES);
#pragma clang loop unroll(full)
            for (int q = 0; q < QUERIES; q++) {
                const vfloat factor = broadcast(a[q * a_stride + k]);
                sums[q][0] += factor * b0;
                sums[q][1] += factor * b1;
            }
        }
        for (int q = 0; q < QUERIES; q++) {
            store(out + q * stride + column, sums[q][0]);
            store(out + q * stride + column + LANES, sums[q][1]);
        }
    }
}

// scores [padded_tokens] to probabilities times their sum, whose reciprocal is returned; padding becomes 0.
INLINE float exponentiate_row(float *scores, int64_t tokens, int64_t padded_tokens, float *log_sum_exp) {
    for (int64_t t = tokens; t < padded_tokens; t++) scores[t] = -INFINITY;
    vfloat greatest = broadcast(-INFINITY);
    for (int64_t t = 0; t < padded_tokens; t += LANES) greatest = __builtin_elementwise_max(greatest, load(scores + t));
    const vfloat offset = broadcast(max_lanes(greatest));
    vfloat sums = broadcast(0);
    for (int64_t t = 0; t < padded_tokens; t += LANES) {
        const vfloat probability = exponential(load(scores + t) - offset);
        sums += probability;
        store(scores + t, probability);
    }
    const float sum = sum_lanes(sums);
    *log_sum_exp = offset[0] + logf(sum);
    return 1.0f / sum;
}

static void attend(const attention_work *w, int64_t sequence, int64_t head_index, int64_t first, int64_t last, float *scratch) {
    const int64_t tokens = w->tokens, head = w->width / w->heads, across = row_stride(tokens), along = row_stride(head);
    float *keys = scratch, *rows = keys + head * across, *values = rows + tokens * along, *scores = values + tokens * along;
    float *queries = scores + QUERIES * across, *mixed = queries + QUERIES * along;
    const int64_t start = sequence * tokens * 3 * w->width + head_index * head, stride = 3 * w->width;
    widen_rows(w->element, w->qkv, start + w->width, stride, tokens, head, rows);
    lay_across(rows, tokens, head, 1.0f / sqrtf((float)head), keys);
    widen_rows(w->element, w->qkv, start + 2 * w->width, stride, tokens, head, values);
    memset(queries, 0, sizeof(float) * (size_t)(QUERIES * along));
    for (int64_t query = first; query < last; query += QUERIES) {
        const int64_t count = last - query < QUERIES ? last - query : QUERIES;
        widen_rows(w->element, w->qkv, start + query * stride, stride, count, head, queries);
        multiply_panel(queries, along, keys, head, round_up(tokens, TILE), across, scores);
        float inverse[QUERIES], logarithms[QUERIES];
        for (int64_t q = 0; q < QUERIES; q++)
            inverse[q] = exponentiate_row(scores + q * across, tokens, round_up(tokens, LANES), logarithms + q);
        if (w->log_sum_exp)
            for (int64_t q = 0; q < count; q++) w->log_sum_exp[(sequence * w->heads + head_index) * tokens + query + q] = logarithms[q];
        multiply_panel(scores, across, values, tokens, round_up(head, TILE), along, mixed);
        for (int64_t q = 0; q < count; q++) {
            const int64_t row = (sequence * tokens + query + q) * w->width + head_index * head;
            FOR_VECTORS(0, head,
                        write(w->element, w->output, row + at, n, read(hpm_float32, mixed, q * along + at, n) * broadcast(inverse[q])));
        }
    }
}

static void row_dot_rows(const row_dot_work *w, int64_t first, int64_t last) {
    const int64_t width = w->width, vectors = width / LANES * LANES;
    for (int64_t row = first; row < last; row++) {
        vfloat sums = broadcast(0);
        float total = w->bias;
        if (w->element == hpm_float32) {
            const float *x = (const float *)w->x + row * width;
            for (int64_t i = 0; i < vectors; i += LANES) sums += load(x + i) * load(w->weights + i);
            for (int64_t i = vectors; i < width; i++) total += x[i] * w->weights[i];
        } else {
            const uint16_t *x = (const uint16_t *)w->x + row * width;
            for (int64_t i = 0; i < vectors; i += LANES) sums += load_bfloat16(x + i) * load(w->weights + i);
            for (int64_t i = vectors; i < width; i++) total += from_bfloat16(x[i]) * w->weights[i];
        }
        w->output[row] = total + sum_lanes(sums);
    }
}

static void place_token_rows(const place_tokens_work *w, int64_t first, int64_t last) {
    const int64_t width = w->width, vectors = width / LANES * LANES;
    for (int64_t row = first; row < last; row++) {
        const float *source = w->source_rows[row] < 0 ? w->filler : w->source + (int64_t)w->source_rows[row] * width;
        const float *position = w->positions + (int64_t)w->position_rows[row] * width;
        float *y = w->output + row * width;
        for (int64_t i = 0; i < vectors; i += LANES) store(y + i, load(source + i) + load(position + i));
        for (int64_t i = vectors; i < width; i++) y[i] = source[i] + position[i];
    }
}

const hpm_loops NAME(hpm_loops) = {
    .layer_norm = layer_norm_rows,
    .attention_scratch_floats = attention_scratch_floats,
    .attend = attend,
    .row_dot = row_dot_rows,
    .place_tokens = place_token_rows,
};
