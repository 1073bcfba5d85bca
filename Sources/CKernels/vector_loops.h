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

INLINE float element_at(hpm_element element, const void *base, int64_t index) {
    return element == hpm_float32 ? ((const float *)base)[index] : from_bfloat16(((const uint16_t *)base)[index]);
}

INLINE int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

static int64_t attention_scratch_floats(const attention_work *w) {
    const int64_t head = w->width / w->heads, padded_tokens = round_up(w->tokens, TILE), padded_head = round_up(head, TILE);
    return head * padded_tokens + w->tokens * padded_head + QUERIES * (padded_tokens + head + padded_head) + 16;
}

// keys [head, padded_tokens], transposed and scaled; values [tokens, padded_head]. Padding is zero.
static void pack_keys_and_values(const attention_work *w, int64_t sequence, int64_t head_index, float *keys, float *values) {
    const int64_t head = w->width / w->heads, padded_tokens = round_up(w->tokens, TILE), padded_head = round_up(head, TILE);
    const float scale = 1.0f / sqrtf((float)head);
    for (int64_t t = 0; t < w->tokens; t++) {
        const int64_t row = (sequence * w->tokens + t) * 3 * w->width + head_index * head;
        for (int64_t i = 0; i < head; i++) keys[i * padded_tokens + t] = element_at(w->element, w->qkv, row + w->width + i) * scale;
        for (int64_t i = 0; i < head; i++) values[t * padded_head + i] = element_at(w->element, w->qkv, row + 2 * w->width + i);
        for (int64_t i = head; i < padded_head; i++) values[t * padded_head + i] = 0;
    }
    for (int64_t i = 0; i < head; i++)
        for (int64_t t = w->tokens; t < padded_tokens; t++) keys[i * padded_tokens + t] = 0;
}

// out [QUERIES, columns] = a [QUERIES, depth] · b [depth, columns], columns a multiple of TILE.
INLINE void multiply_panel(const float *a, int64_t a_stride, const float *b, int64_t depth, int64_t columns, float *out) {
    for (int64_t column = 0; column < columns; column += TILE) {
        vfloat sums[QUERIES][2];
        for (int q = 0; q < QUERIES; q++) sums[q][0] = sums[q][1] = broadcast(0);
        const float *panel = b + column;
        for (int64_t k = 0; k < depth; k++, panel += columns) {
            const vfloat b0 = load(panel), b1 = load(panel + LANES);
#pragma clang loop unroll(full)
            for (int q = 0; q < QUERIES; q++) {
                const vfloat factor = broadcast(a[q * a_stride + k]);
                sums[q][0] += factor * b0;
                sums[q][1] += factor * b1;
            }
        }
        for (int q = 0; q < QUERIES; q++) {
            store(out + q * columns + column, sums[q][0]);
            store(out + q * columns + column + LANES, sums[q][1]);
        }
    }
}

// scores [padded_tokens] to probabilities times their sum, whose reciprocal is returned; padding becomes 0.
INLINE float exponentiate_row(float *scores, int64_t tokens, int64_t padded_tokens) {
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
    return 1.0f / sum_lanes(sums);
}

static void attend(const attention_work *w, int64_t sequence, int64_t head_index, int64_t first, int64_t last, float *scratch) {
    const int64_t head = w->width / w->heads, padded_tokens = round_up(w->tokens, TILE), padded_head = round_up(head, TILE);
    float *keys = scratch, *values = keys + head * padded_tokens, *scores = values + w->tokens * padded_head;
    float *queries = scores + QUERIES * padded_tokens, *mixed = queries + QUERIES * head;
    pack_keys_and_values(w, sequence, head_index, keys, values);
    for (int64_t start = first; start < last; start += QUERIES) {
        const int64_t count = last - start < QUERIES ? last - start : QUERIES;
        for (int64_t q = 0; q < QUERIES; q++) {
            const int64_t row = (sequence * w->tokens + start + (q < count ? q : 0)) * 3 * w->width + head_index * head;
            for (int64_t i = 0; i < head; i++) queries[q * head + i] = element_at(w->element, w->qkv, row + i);
        }
        multiply_panel(queries, head, keys, head, padded_tokens, scores);
        float inverse[QUERIES];
        for (int64_t q = 0; q < QUERIES; q++) inverse[q] = exponentiate_row(scores + q * padded_tokens, w->tokens, padded_tokens);
        multiply_panel(scores, padded_tokens, values, w->tokens, padded_head, mixed);
        for (int64_t q = 0; q < count; q++) {
            const int64_t row = (sequence * w->tokens + start + q) * w->width + head_index * head;
            for (int64_t i = 0; i < head; i++) {
                const float value = mixed[q * padded_head + i] * inverse[q];
                if (w->element == hpm_float32) ((float *)w->output)[row + i] = value;
                else ((uint16_t *)w->output)[row + i] = to_bfloat16(value);
            }
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
