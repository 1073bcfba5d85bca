// Matrix products after Goto and van de Geijn (2008): QUERIES × TILE sums in registers, a strip of b in the first-level cache, a block of
// a in the second, one of b in the third. b is laid out as strips of TILE columns, a as strips of QUERIES rows; what is missing at an edge
// is zero or stands for the last row. Included after vector_training_loops.h.
#include "products.h"

enum { DEPTH_BLOCK = 320, ROW_BLOCK = 24 * QUERIES, COLUMN_BLOCK = 96 * TILE };

// A row of a strip of a is written as eight numbers, which may end beyond the last.
static int64_t product_scratch_floats(void) { return DEPTH_BLOCK * (COLUMN_BLOCK + ROW_BLOCK) + 16; }

// What a tile of sums begins with.
typedef struct {
    const float *bias, *addend;
    int64_t stride;  // of addend and of the result
} tile_start;

// c [QUERIES, TILE] = a' b, of strips a [depth, QUERIES] and b [depth, TILE].
INLINE void multiply_tile(int64_t depth, const float *a, const float *b, const tile_start *start, float *c) {
    vfloat sums[QUERIES][2];
    for (int q = 0; q < QUERIES; q++) {
        sums[q][0] = sums[q][1] = broadcast(0);
        __builtin_prefetch(c + q * start->stride, 1);
        __builtin_prefetch(c + q * start->stride + TILE - 1, 1);
    }
#pragma clang loop unroll_count(4)
    for (int64_t p = 0; p < depth; p++, a += QUERIES, b += TILE) {
        __builtin_prefetch(a + 16 * QUERIES);
        __builtin_prefetch(b + 12 * TILE);
        const vfloat b0 = load(b), b1 = load(b + LANES);
#pragma clang loop unroll(full)
        for (int q = 0; q < QUERIES; q++) {
            const vfloat factor = broadcast(a[q]);
            sums[q][0] += factor * b0;
            sums[q][1] += factor * b1;
        }
    }
    for (int q = 0; q < QUERIES; q++)
        for (int half = 0; half < 2; half++) {
            if (start->bias) sums[q][half] += load(start->bias + half * LANES);
            if (start->addend) sums[q][half] += load(start->addend + q * start->stride + half * LANES);
            store(c + q * start->stride + half * LANES, sums[q][half]);
        }
}

// Rows [depth, count], `stride` apart, as strips [depth, width], width being QUERIES or TILE; columns beyond the last are zero.
INLINE void lay_strips(const float *x, int64_t stride, int64_t count, int64_t depth, const int width, float *strips) {
    for (int64_t p = 0; p < depth; p++) {
        const float *row = x + p * stride;
        float *out = strips + p * width;
        int64_t i = 0;
        for (; i + width <= count; i += width, out += width * depth) {
            __builtin_prefetch(row + 2 * stride + i);
            memcpy(out, row + i, sizeof(float) * (size_t)width);
        }
        if (i < count)
            for (int64_t j = 0; j < width; j++) out[j] = i + j < count ? row[i + j] : 0;
    }
}

// Rows [count, depth] as strips [depth, QUERIES].
static void lay_rows(const float *x, int64_t stride, int64_t count, int64_t depth, float *strips) {
    for (int64_t i = 0; i < count; i += QUERIES) {
        const float *rows[8];
        for (int64_t q = 0; q < 8; q++) rows[q] = x + (i + q < count && q < QUERIES ? i + q : i) * stride;
        int64_t p = 0;
        for (; p + 8 <= depth; p += 8, strips += 8 * QUERIES) {
            vfloat8 square[8];
            for (int q = 0; q < 8; q++) square[q] = *(const vfloat8 *)(rows[q] + p);
            transpose(square);
            // The next row overwrites what this one writes beyond its end.
            for (int q = 0; q < 8; q++) *(vfloat8 *)(strips + q * QUERIES) = square[q];
        }
        for (; p < depth; p++, strips += QUERIES)
            for (int q = 0; q < QUERIES; q++) strips[q] = rows[q][p];
    }
}

// Rows [count, depth] as strips [depth, TILE].
static void lay_strips_across(const float *x, int64_t stride, int64_t count, int64_t depth, float *strips) {
    for (int64_t i = 0; i < count; i += TILE, strips += TILE * depth) {
        int64_t p = 0;
        for (; i + TILE <= count && p + 8 <= depth; p += 8)
            for (int64_t j = 0; j < TILE; j += 8) {
                vfloat8 square[8];
                for (int q = 0; q < 8; q++) {
                    const float *row = x + (i + j + q) * stride + p;
                    __builtin_prefetch(row + TILE * stride);
                    square[q] = *(const vfloat8 *)row;
                }
                transpose(square);
                for (int q = 0; q < 8; q++) *(vfloat8 *)(strips + (p + q) * TILE + j) = square[q];
            }
        for (; p < depth; p++)
            for (int64_t j = 0; j < TILE; j++) strips[p * TILE + j] = i + j < count ? x[(i + j) * stride + p] : 0;
    }
}

typedef struct {
    const hpm_product *product;
    int64_t depth_start, depth;    // the block of depth
    int64_t column_start, columns;  // of b's block
    const float *strips;            // of b's block
    float *rows;                    // room for strips of a
} product_block;

// A tile at the edge is made aside and copied.
static void multiply_edge(int64_t depth, const float *a, const float *b, const tile_start *start, int64_t rows, int64_t columns, float *c) {
    float tile[QUERIES * TILE];
    const tile_start nothing = {NULL, NULL, TILE};
    multiply_tile(depth, a, b, &nothing, tile);
    for (int64_t q = 0; q < rows; q++)
        for (int64_t i = 0; i < columns; i++)
            c[q * start->stride + i] = tile[q * TILE + i] + (start->bias ? start->bias[i] : 0) +
                                       (start->addend ? start->addend[q * start->stride + i] : 0);
}

// gelu of a tile of c, while it is in the first-level cache.
static void activate_tile(const hpm_product *product, int64_t corner, int64_t rows, int64_t columns) {
    for (int64_t q = 0; q < rows; q++) {
        const float *c = product->c + corner + q * product->columns;
        float *activated = product->activated + corner + q * product->columns;
        FOR_VECTORS(0, columns, write(hpm_float32, activated, at, n, gelu_of(read(hpm_float32, c, at, n))));
    }
}

static void multiply_rows(const product_block *block, int64_t first, int64_t last) {
    const hpm_product *product = block->product;
    const int64_t depth = block->depth;
    if (product->a_across)
        lay_strips(product->a + block->depth_start * product->rows + first, product->rows, last - first, depth, QUERIES, block->rows);
    else lay_rows(product->a + first * product->depth + block->depth_start, product->depth, last - first, depth, block->rows);
    const bool begins = block->depth_start == 0, ends = block->depth_start + depth == product->depth;
    for (int64_t column = 0; column < block->columns; column += TILE) {
        const int64_t columns = block->columns - column < TILE ? block->columns - column : TILE;
        const float *b = block->strips + column * depth;
        for (int64_t row = first; row < last; row += QUERIES) {
            const int64_t rows = last - row < QUERIES ? last - row : QUERIES, at = block->column_start + column;
            const float *a = block->rows + (row - first) * depth;
            float *c = product->c + row * product->columns + at;
            const float *addend = product->addend ? product->addend + row * product->columns + at : NULL;
            const tile_start start = {begins && product->bias ? product->bias + at : NULL, begins ? addend : c, product->columns};
            if (rows == QUERIES && columns == TILE) multiply_tile(depth, a, b, &start, c);
            else multiply_edge(depth, a, b, &start, rows, columns, c);
            if (ends && product->activated) activate_tile(product, row * product->columns + at, rows, columns);
        }
    }
}

// `count` in parts of at most `most`, as even as multiples of `step` allow.
static int64_t even_part(int64_t count, int64_t most, int64_t step) {
    const int64_t parts = (count + most - 1) / most;
    return round_up((count + parts - 1) / parts, step);
}

static void multiply(const hpm_product *product, int64_t first_row, int64_t last_row, int64_t first_column, int64_t last_column,
                     float *scratch) {
    if (first_row >= last_row || first_column >= last_column) return;
    const int64_t columns = even_part(last_column - first_column, COLUMN_BLOCK, TILE), depth = even_part(product->depth, DEPTH_BLOCK, 8);
    for (int64_t column = first_column; column < last_column; column += columns)
        for (int64_t start = 0; start < product->depth; start += depth) {
            const product_block block = {.product = product,
                                         .depth_start = start,
                                         .depth = product->depth - start < depth ? product->depth - start : depth,
                                         .column_start = column,
                                         .columns = last_column - column < columns ? last_column - column : columns,
                                         .strips = scratch,
                                         .rows = scratch + DEPTH_BLOCK * COLUMN_BLOCK};
            if (product->b_across)
                lay_strips_across(product->b + column * product->depth + start, product->depth, block.columns, block.depth, scratch);
            else lay_strips(product->b + start * product->columns + column, product->columns, block.columns, block.depth, TILE, scratch);
            for (int64_t row = first_row; row < last_row; row += ROW_BLOCK)
                multiply_rows(&block, row, last_row - row < ROW_BLOCK ? last_row : row + ROW_BLOCK);
        }
}

const hpm_product_loops NAME(hpm_product_loops) = {
    .row_step = QUERIES,
    .column_step = TILE,
    .scratch_floats = product_scratch_floats,
    .multiply = multiply,
};
