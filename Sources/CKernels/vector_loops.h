// The loops of inference beside attention; included after vector_math.h. Rows are worked on in ranges: the caller shares them among threads.
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
    .row_dot = row_dot_rows,
    .place_tokens = place_token_rows,
};
