// Vectors of any width, and what several loops are made of. Included by one file per instruction set, which defines
//   LANES       floats in a vector register
//   NAME(x)     x with the instruction set's suffix
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

typedef float vfloat8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float vfloat4 __attribute__((vector_size(16), aligned(4), may_alias));

// Lanes are taken half by half: one after the other each would wait for the one before.
#if LANES == 16
INLINE vfloat8 low_half(vfloat v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7); }
INLINE vfloat8 high_half(vfloat v) { return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15); }
#else
INLINE vfloat8 low_half(vfloat v) { return v; }
#endif
INLINE vfloat4 low_quarter(vfloat8 v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
INLINE vfloat4 high_quarter(vfloat8 v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }

INLINE float sum_lanes(vfloat v) {
    vfloat8 half = low_half(v);
#if LANES == 16
    half += high_half(v);
#endif
    const vfloat4 sums = low_quarter(half) + high_quarter(half);
    return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

INLINE float max_lanes(vfloat v) {
    vfloat8 half = low_half(v);
#if LANES == 16
    half = __builtin_elementwise_max(half, high_half(v));
#endif
    const vfloat4 greatest = __builtin_elementwise_max(low_quarter(half), high_quarter(half));
    return fmaxf(fmaxf(greatest[0], greatest[2]), fmaxf(greatest[1], greatest[3]));
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

// Attention works on QUERIES rows at once against some vectors of columns: their accumulators, the vectors and one broadcast fit the
// registers, of which AVX-512 has 32 and AVX2 16.
enum { QUERIES = 6, MOST_VECTORS = LANES == 16 ? 3 : 2, TILE = 2 * LANES };

// How many of the vectors that are left are taken next: one alone keeps the multipliers waiting for its sums.
INLINE int64_t next_vectors(int64_t left) { return left == MOST_VECTORS + 1 ? 2 : left < MOST_VECTORS ? left : MOST_VECTORS; }

INLINE int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// How far apart rows of `count` floats are put: room for whole tiles, and an odd number of cache lines, so that a column of them
// spreads over all sets of the first-level cache.
INLINE int64_t row_stride(int64_t count) { return (round_up(count, TILE) / 16 | 1) * 16; }

// The rows' first `columns` words of 32 bits, of whatever kind, as rows: [columns, count] with zeros to their end. Rows lie `step` apart.
static void lay_across(const float *rows, int64_t step, int64_t count, int64_t columns, float *across) {
    const int64_t stride = row_stride(count);
    int64_t i = 0;
    for (; i + 8 <= columns; i += 8) {
        int64_t t = 0;
        for (; t + 8 <= count; t += 8) {
            vfloat8 square[8];
            for (int r = 0; r < 8; r++) {
                square[r] = *(const vfloat8 *)(rows + (t + r) * step + i);
                __builtin_prefetch(rows + (t + r + 8) * step + i);
            }
            transpose(square);
            for (int r = 0; r < 8; r++) *(vfloat8 *)(across + (i + r) * stride + t) = square[r];
        }
        for (int r = 0; r < 8; r++)
            for (int64_t u = t; u < count; u++) across[(i + r) * stride + u] = rows[u * step + i + r];
    }
    for (; i < columns; i++)
        for (int64_t t = 0; t < count; t++) across[i * stride + t] = rows[t * step + i];
    for (i = 0; i < columns; i++)
        for (int64_t t = count; t < stride; t++) across[i * stride + t] = 0;
}

// scores [padded_tokens] to the exponentials of their multiples by `scale`, less the greatest; the reciprocal of the exponentials' sum is
// returned. Padding becomes 0.
INLINE float exponentiate_row(float *scores, int64_t tokens, int64_t padded_tokens, float scale, float *log_sum_exp) {
    for (int64_t t = tokens; t < padded_tokens; t++) scores[t] = -INFINITY;
    vfloat greatest = broadcast(-INFINITY);
    for (int64_t t = 0; t < padded_tokens; t += LANES) greatest = __builtin_elementwise_max(greatest, load(scores + t));
    const vfloat offset = broadcast(max_lanes(greatest) * scale);
    vfloat sums = broadcast(0);
    for (int64_t t = 0; t < padded_tokens; t += LANES) {
        const vfloat probability = exponential(load(scores + t) * broadcast(scale) - offset);
        sums += probability;
        store(scores + t, probability);
    }
    const float sum = sum_lanes(sums);
    *log_sum_exp = offset[0] + logf(sum);
    return 1.0f / sum;
}

// Scores to probabilities, and the gradients of probabilities to those of scores before they are multiplied by `scale`.
INLINE void differentiate_softmax(float *scores, float *gradients, int64_t columns, float log_sum_exp, float total, float scale) {
    for (int64_t t = 0; t < columns; t += LANES) {
        const vfloat share = exponential(load(scores + t) * broadcast(scale) - broadcast(log_sum_exp));
        store(scores + t, share);
        store(gradients + t, share * (load(gradients + t) - broadcast(total)) * broadcast(scale));
    }
}
