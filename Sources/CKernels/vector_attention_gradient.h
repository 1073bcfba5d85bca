// Attention's gradient, for one sequence and head at a time; included after vector_attention.h.
//
// With P the probabilities, recomputed from the kept logarithms: dV = P' dO, dP = dO V', dS = P (dP - rowsum(dO O)) scale,
// dQ = dS K, dK = dS' Q (Dao, 2023, algorithm 2). Queries are taken in blocks whose P and dS stay in the second-level cache.
enum { QUERY_BLOCK = 8 * QUERIES };

typedef struct {
    int64_t head, tokens;
    int64_t across, along;                     // how far apart rows over tokens lie, and rows over a head's width
    float *keys_across, *values_across;        // [head, tokens]
    float *queries, *keys, *output_gradients;  // [tokens, head], rows to a multiple of QUERIES
    float *probabilities, *score_gradients;    // [QUERY_BLOCK, tokens]
    float *key_gradients, *value_gradients;    // [tokens, head], rows to a multiple of QUERIES
    float *panel;                              // [QUERIES, head]
} attention_gradient_room;

static int64_t lay_out_room(const hpm_attention_gradient *w, float *scratch, attention_gradient_room *room) {
    room->head = w->width / w->heads;
    room->tokens = w->tokens;
    room->across = row_stride(w->tokens);
    room->along = row_stride(room->head);
    const int64_t across = room->head * room->across, rows = round_up(w->tokens, QUERIES) * room->along;
    // Panels of QUERIES columns may end a few floats beyond the last row.
    const int64_t block = QUERY_BLOCK * room->across + 16;
    float **const places[] = {&room->keys_across,      &room->values_across, &room->queries,         &room->keys,
                              &room->output_gradients, &room->probabilities, &room->score_gradients, &room->key_gradients,
                              &room->value_gradients,  &room->panel};
    const int64_t sizes[] = {across, across, rows, rows, rows, block, block, rows, rows, QUERIES * room->along};
    int64_t used = 0;
    for (int i = 0; i < 10; i++) {
        *places[i] = scratch ? scratch + used : NULL;
        used += sizes[i];
    }
    return used;
}

static int64_t attention_gradient_floats(const hpm_attention_gradient *w) {
    attention_gradient_room room;
    return lay_out_room(w, NULL, &room);
}

// Rows beyond the last token, which whole panels read, are zero.
INLINE void widen_padded(const hpm_attention_gradient *w, const attention_gradient_room *room, const void *base, int64_t start,
                         int64_t stride, float *rows) {
    widen_rows(w->element, base, start, stride, room->tokens, room->head, rows);
    const int64_t used = room->tokens * room->along, whole = round_up(room->tokens, QUERIES) * room->along;
    memset(rows + used, 0, sizeof(float) * (size_t)(whole - used));
}

static void load_head(const hpm_attention_gradient *w, const attention_gradient_room *room, int64_t sequence, int64_t head) {
    const int64_t start = sequence * w->tokens * 3 * w->width + head * room->head, stride = 3 * w->width;
    const int64_t output_start = sequence * w->tokens * w->width + head * room->head;
    widen_padded(w, room, w->qkv, start, stride, room->queries);
    widen_padded(w, room, w->qkv, start + w->width, stride, room->keys);
    lay_across(room->keys, room->along, room->tokens, room->head, room->keys_across);
    widen_padded(w, room, w->qkv, start + 2 * w->width, stride, room->value_gradients);  // a place that is free until later
    lay_across(room->value_gradients, room->along, room->tokens, room->head, room->values_across);
    widen_padded(w, room, w->output_gradient, output_start, w->width, room->output_gradients);
}

static void store_head_rows(const hpm_attention_gradient *w, const attention_gradient_room *room, const float *rows, int64_t count,
                            int64_t start) {
    for (int64_t t = 0; t < count; t++) {
        const float *row = rows + t * room->along;
        FOR_VECTORS(0, room->head, write(w->element, w->gradient, start + t * 3 * w->width + at, n, read(hpm_float32, row, at, n)));
    }
}

INLINE float output_product(const hpm_attention_gradient *w, const attention_gradient_room *room, int64_t query, int64_t output_start) {
    vfloat sum = broadcast(0);
    const float *gradient = room->output_gradients + query * room->along;
    FOR_VECTORS(0, room->head,
                sum += read(hpm_float32, gradient, at, n) * read(w->element, w->output, output_start + query * w->width + at, n));
    return sum_lanes(sum);
}

static void attention_backward(const hpm_attention_gradient *w, int64_t sequence, int64_t head, float *scratch) {
    attention_gradient_room room;
    lay_out_room(w, scratch, &room);
    load_head(w, &room, sequence, head);
    const int64_t start = sequence * w->tokens * 3 * w->width + head * room.head;
    const int64_t output_start = sequence * w->tokens * w->width + head * room.head;
    const float *logarithms = w->log_sum_exp + (sequence * w->heads + head) * w->tokens;
    const float scale = 1.0f / sqrtf((float)room.head);
    const int64_t across = room.across, along = room.along;
    for (int64_t first = 0; first < w->tokens; first += QUERY_BLOCK) {
        const int64_t last = first + QUERY_BLOCK < w->tokens ? first + QUERY_BLOCK : w->tokens;
        for (int64_t query = first; query < last; query += QUERIES) {
            float *scores = room.probabilities + (query - first) * across, *gradients = room.score_gradients + (query - first) * across;
            multiply_panel(rows_along(room.queries + query * along, along), room.keys_across, room.head, w->tokens, across, false, scores);
            multiply_panel(rows_along(room.output_gradients + query * along, along), room.values_across, room.head, w->tokens, across, false,
                           gradients);
            const int64_t count = last - query < QUERIES ? last - query : QUERIES;
            for (int64_t q = 0; q < count; q++)
                differentiate_softmax(scores + q * across, gradients + q * across, w->tokens, logarithms[query + q],
                                      output_product(w, &room, query + q, output_start), scale);
            multiply_panel(rows_along(gradients, across), room.keys, w->tokens, room.head, along, false, room.panel);
            store_head_rows(w, &room, room.panel, count, start + query * 3 * w->width);
        }
        for (int64_t token = 0; token < w->tokens; token += QUERIES) {
            multiply_panel(rows_across(room.probabilities + token, across), room.output_gradients + first * along, last - first, room.head,
                           along, first > 0, room.value_gradients + token * along);
            multiply_panel(rows_across(room.score_gradients + token, across), room.queries + first * along, last - first, room.head, along,
                           first > 0, room.key_gradients + token * along);
        }
    }
    store_head_rows(w, &room, room.key_gradients, w->tokens, start + w->width);
    store_head_rows(w, &room, room.value_gradients, w->tokens, start + 2 * w->width);
}

const hpm_attention_loops NAME(hpm_attention_loops) = {
    .scratch_floats = attention_scratch_floats,
    .forward = attend,
    .gradient_scratch_floats = attention_gradient_floats,
    .backward = attention_backward,
};
