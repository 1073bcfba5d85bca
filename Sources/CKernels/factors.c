// A block is filled by vectors where it lies in the matrix as a whole, by single numbers where not.
#include "factors.h"

#include <immintrin.h>
#include <string.h>

#include "team.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))), apply_to = function)
#define LANES 16
#define NAME(x) x##_factors
#include "vector_math.h"

enum { block_rows = 16, block_words = block_rows * hpm_block_columns };

typedef uint32_t word __attribute__((may_alias));
typedef uint32_t vword __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

static int64_t block_depth(hpm_element element) { return element == hpm_float32 ? block_rows : 2 * block_rows; }

int64_t hpm_padded_depth(hpm_element element, int64_t depth) { return round_up(depth, block_depth(element)); }

static int64_t blocks_down(const hpm_blocked_factor *f) { return hpm_padded_depth(f->element, f->depth) / block_depth(f->element); }

static int64_t block_count(const hpm_blocked_factor *f) {
    return blocks_down(f) * (round_up(f->columns, hpm_block_columns) / hpm_block_columns);
}

size_t hpm_blocked_floats(const hpm_blocked_factor *f) { return (size_t)(block_count(f) * block_words); }

INLINE vhalf narrow(vfloat x) { return (vhalf)_mm512_cvtneps_pbh((__m512)x); }

INLINE vword weave(vhalf first, vhalf second) { return __builtin_convertvector(first, vword) | __builtin_convertvector(second, vword) << 16; }

INLINE vhalf read_half(hpm_element element, const void *source, int64_t at) {
    return element == hpm_float32 ? narrow(load((const float *)source + at)) : *(const vhalf *)((const uint16_t *)source + at);
}

// Fetches the part of a row that the next block reads: rows are pages apart, where the processor does not fetch ahead by itself.
INLINE void fetch(hpm_element element, const void *source, int64_t at, int64_t count) {
    const int64_t bytes = element == hpm_float32 ? 4 : 2;
    for (int64_t i = 0; i < count * bytes; i += 64) __builtin_prefetch((const char *)source + at * bytes + i);
}

// The rows of `source`, `step` apart, as columns of `target`; both counts are multiples of eight.
INLINE void turn(const word *source, int64_t step, int rows, int columns, word *target, int64_t target_step) {
    for (int row = 0; row < rows; row += 8)
        for (int column = 0; column < columns; column += 8) {
            vfloat8 square[8];
            for (int i = 0; i < 8; i++) square[i] = *(const vfloat8 *)(source + (row + i) * step + column);
            transpose(square);
            for (int i = 0; i < 8; i++) *(vfloat8 *)(target + (column + i) * target_step + row) = square[i];
        }
}

static void fill_float32(const hpm_blocked_factor *f, int64_t depth, int64_t column, word *block) {
    const word *source = f->source;
    if (f->across) {
        turn(source + column * f->depth + depth, f->depth, hpm_block_columns, block_rows, block, hpm_block_columns);
        return;
    }
    for (int row = 0; row < block_rows; row++) {
        const int64_t at = (depth + row) * f->columns + column;
        fetch(hpm_float32, source, at + block_rows * f->columns, hpm_block_columns);
        memcpy(block + row * hpm_block_columns, source + at, sizeof(word) * hpm_block_columns);
    }
}

static void fill_bfloat16(const hpm_blocked_factor *f, int64_t depth, int64_t column, word *block) {
    if (f->across) {
        word rows[block_words];
        for (int i = 0; i < hpm_block_columns; i++) {
            const int64_t at = (column + i) * f->depth + depth;
            fetch(f->source_element, f->source, at + 4 * LANES, 2 * LANES);
            uint16_t *row = (uint16_t *)(rows + i * block_rows);
            *(vhalf *)row = read_half(f->source_element, f->source, at);
            *(vhalf *)(row + LANES) = read_half(f->source_element, f->source, at + LANES);
        }
        turn(rows, block_rows, hpm_block_columns, block_rows, block, hpm_block_columns);
        return;
    }
    for (int row = 0; row < block_rows; row++) {
        const int64_t first = (depth + 2 * row) * f->columns + column, second = first + f->columns;
        fetch(f->source_element, f->source, first + 2 * block_rows * f->columns, hpm_block_columns);
        fetch(f->source_element, f->source, second + 2 * block_rows * f->columns, hpm_block_columns);
        for (int i = 0; i < hpm_block_columns; i += LANES) {
            const vhalf upper = read_half(f->source_element, f->source, first + i);
            *(vword *)(block + row * hpm_block_columns + i) = weave(upper, read_half(f->source_element, f->source, second + i));
        }
    }
}

// A block that the matrix ends in.
static void fill_partly(const hpm_blocked_factor *f, int64_t depth, int64_t column, word *block) {
    memset(block, 0, sizeof(word) * block_words);
    const int64_t rows = f->depth - depth < block_depth(f->element) ? f->depth - depth : block_depth(f->element);
    const int64_t columns = f->columns - column < hpm_block_columns ? f->columns - column : hpm_block_columns;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < columns; i++) {
            const int64_t at = f->across ? (column + i) * f->depth + depth + row : (depth + row) * f->columns + column + i;
            const float value = element_at(f->source_element, f->source, at);
            if (f->element == hpm_float32) memcpy(block + row * hpm_block_columns + i, &value, sizeof value);
            else ((uint16_t *)(block + row / 2 * hpm_block_columns + i))[row % 2] = to_bfloat16(value);
        }
}

static void fill(const hpm_blocked_factor *f, int64_t depth, int64_t column, word *block) {
    if (depth + block_depth(f->element) > f->depth || column + hpm_block_columns > f->columns) fill_partly(f, depth, column, block);
    else if (f->element == hpm_float32) fill_float32(f, depth, column, block);
    else fill_bfloat16(f, depth, column, block);
}

static void fill_share(const void *work, int64_t first, int64_t last) {
    const hpm_blocked_factor *f = work;
    const int64_t down = blocks_down(f), step = block_depth(f->element);
    for (int64_t index = first; index < last; index++)
        fill(f, index % down * step, index / down * hpm_block_columns, (word *)f->blocks + index * block_words);
}

// A factor to turn, as the blocks of a second one.
static hpm_blocked_factor blocks_of(const hpm_turned_factor *f) {
    return (hpm_blocked_factor){f->element, f->source, false, f->depth, f->rows, f->element, NULL};
}

size_t hpm_turned_floats(const hpm_turned_factor *f) {
    const hpm_blocked_factor blocks = blocks_of(f);
    return hpm_blocked_floats(&blocks);
}

static void turn_share(const void *work, int64_t first, int64_t last) {
    const hpm_turned_factor *f = work;
    const hpm_blocked_factor blocks = blocks_of(f);
    const int64_t down = blocks_down(&blocks), step = block_depth(f->element), stride = down * block_rows;
    for (int64_t index = first; index < last; index++) {
        word block[block_words];
        const int64_t depth = index % down, row = index / down * hpm_block_columns;
        fill(&blocks, depth * step, row, block);
        turn(block, hpm_block_columns, block_rows, hpm_block_columns, (word *)f->turned + row * stride + depth * block_rows, stride);
    }
}
#pragma clang attribute pop

void hpm_lay_out_blocks(hpm_context *context, const hpm_blocked_factor *factor) {
    hpm_share(context, block_count(factor), fill_share, factor);
}

void hpm_turn(hpm_context *context, const hpm_turned_factor *factor) {
    const hpm_blocked_factor blocks = blocks_of(factor);
    hpm_share(context, block_count(&blocks), turn_share, factor);
}
