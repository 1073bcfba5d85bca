// Attention of some queries of one sequence and head, in float32 whatever the elements; included after vector_math.h. A panel of scores of
// QUERIES rows is made, exponentiated and multiplied by the values while it is in the first-level cache.
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

// The first factor of a panel: QUERIES rows, of which the number at row q and depth k is start[q · row + k · depth].
typedef struct {
    const float *start;
    int64_t row, depth;
} panel_rows;

INLINE panel_rows rows_along(const float *start, int64_t stride) { return (panel_rows){start, stride, 1}; }
INLINE panel_rows rows_across(const float *start, int64_t stride) { return (panel_rows){start, 1, stride}; }

INLINE void multiply_vectors(const int vectors, panel_rows a, const float *b, int64_t depth, int64_t stride, bool add, float *out) {
    vfloat sums[QUERIES][MOST_VECTORS];
    for (int q = 0; q < QUERIES; q++)
        for (int v = 0; v < vectors; v++) sums[q][v] = add ? load(out + q * stride + v * LANES) : broadcast(0);
    for (int64_t k = 0; k < depth; k++, a.start += a.depth, b += stride) {
        vfloat factors[MOST_VECTORS];
        for (int v = 0; v < vectors; v++) factors[v] = load(b + v * LANES);
#pragma clang loop unroll(full)
        for (int q = 0; q < QUERIES; q++)
            for (int v = 0; v < vectors; v++) sums[q][v] += broadcast(a.start[q * a.row]) * factors[v];
    }
    for (int q = 0; q < QUERIES; q++)
        for (int v = 0; v < vectors; v++) store(out + q * stride + v * LANES, sums[q][v]);
}

// out [QUERIES, columns] (+)= a · b [depth, columns], whole vectors; rows of b and out lie `stride` apart.
INLINE void multiply_panel(panel_rows a, const float *b, int64_t depth, int64_t columns, int64_t stride, bool add, float *out) {
    for (int64_t left = round_up(columns, LANES) / LANES, taken; left > 0; left -= taken, b += taken * LANES, out += taken * LANES) {
        taken = next_vectors(left);
        if (taken == 1) multiply_vectors(1, a, b, depth, stride, add, out);
        else if (taken == 2) multiply_vectors(2, a, b, depth, stride, add, out);
        else multiply_vectors(MOST_VECTORS, a, b, depth, stride, add, out);
    }
}

static void attend(const attention_work *w, int64_t sequence, int64_t head_index, int64_t first, int64_t last, float *scratch) {
    const int64_t tokens = w->tokens, head = w->width / w->heads, across = row_stride(tokens), along = row_stride(head);
    float *keys = scratch, *rows = keys + head * across, *values = rows + tokens * along, *scores = values + tokens * along;
    float *queries = scores + QUERIES * across, *mixed = queries + QUERIES * along;
    const int64_t start = sequence * tokens * 3 * w->width + head_index * head, stride = 3 * w->width;
    widen_rows(w->element, w->qkv, start + w->width, stride, tokens, head, rows);
    lay_across(rows, along, tokens, head, keys);
    widen_rows(w->element, w->qkv, start + 2 * w->width, stride, tokens, head, values);
    memset(queries, 0, sizeof(float) * (size_t)(QUERIES * along));
    for (int64_t query = first; query < last; query += QUERIES) {
        const int64_t count = last - query < QUERIES ? last - query : QUERIES;
        widen_rows(w->element, w->qkv, start + query * stride, stride, count, head, queries);
        multiply_panel(rows_along(queries, along), keys, head, tokens, across, false, scores);
        float inverse[QUERIES], logarithms[QUERIES];
        for (int64_t q = 0; q < QUERIES; q++)
            inverse[q] = exponentiate_row(scores + q * across, tokens, round_up(tokens, LANES), 1.0f / sqrtf((float)head), logarithms + q);
        if (w->log_sum_exp)
            for (int64_t q = 0; q < count; q++) w->log_sum_exp[(sequence * w->heads + head_index) * tokens + query + q] = logarithms[q];
        multiply_panel(rows_along(scores, across), values, tokens, head, along, false, mixed);
        for (int64_t q = 0; q < count; q++) {
            const int64_t row = (sequence * tokens + query + q) * w->width + head_index * head;
            FOR_VECTORS(0, head,
                        write(w->element, w->output, row + at, n, read(hpm_float32, mixed, q * along + at, n) * broadcast(inverse[q])));
        }
    }
}
