// Targets of the reconstructor, and its losses with their gradients: a row is a patch, shared among the team.
#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "team.h"

// MAE adds this to a patch's variance before it standardises the patch.
static const double variance_floor = 1e-6;

static void put(hpm_element element, void *base, int64_t index, float value) {
    if (element == hpm_float32) {
        ((float *)base)[index] = value;
        return;
    }
    uint32_t bits;
    memcpy(&bits, &value, 4);
    ((uint16_t *)base)[index] = (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

typedef struct {
    const float *pixels;
    int64_t channels, grid_rows, grid_columns, side, patches_per_image;
    const int32_t *patches;
    bool standardised;
    float *output;
} target_work;

static void standardise(float *row, int64_t length) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < length; i++) sum += row[i];
    const double mean = sum / (double)length;
    for (int64_t i = 0; i < length; i++) squares += (row[i] - mean) * (row[i] - mean);
    const double inverse = 1 / sqrt(squares / (double)(length > 1 ? length - 1 : 1) + variance_floor);
    for (int64_t i = 0; i < length; i++) row[i] = (float)((row[i] - mean) * inverse);
}

static void target_share(const void *data, int64_t first, int64_t last) {
    const target_work *w = data;
    const int64_t width = w->grid_columns * w->side, plane = w->grid_rows * w->side * width, length = w->channels * w->side * w->side;
    for (int64_t r = first; r < last; r++) {
        const int64_t image = r / w->patches_per_image, patch = w->patches[r];
        const float *corner =
            w->pixels + image * w->channels * plane + patch / w->grid_columns * w->side * width + patch % w->grid_columns * w->side;
        float *row = w->output + r * length, *at = row;
        for (int64_t y = 0; y < w->side; y++)
            for (int64_t x = 0; x < w->side; x++)
                for (int64_t c = 0; c < w->channels; c++) *at++ = corner[c * plane + y * width + x];
        if (w->standardised) standardise(row, length);
    }
}

void hpm_gather_targets(hpm_context *context, const float *pixels, int64_t channels, int64_t grid_rows, int64_t grid_columns, int64_t side,
                        const int32_t *patches, int64_t count, int64_t patches_per_image, bool standardised, float *output) {
    target_work work = {pixels, channels, grid_rows, grid_columns, side, patches_per_image, patches, standardised, output};
    hpm_share(context, count, target_share, &work);
}

typedef struct {
    const float *predicted, *target;
    int64_t rows, width;
    float *losses;
    hpm_element gradient_element;
    void *gradient;
} loss_work;

static void squared_error_share(const void *data, int64_t first, int64_t last) {
    const loss_work *w = data;
    const float scale = (float)(2 / ((double)w->rows * (double)w->width));
    for (int64_t r = first; r < last; r++) {
        double sum = 0;
        for (int64_t i = r * w->width; i < (r + 1) * w->width; i++) {
            const float difference = w->predicted[i] - w->target[i];
            sum += (double)difference * difference;
            put(w->gradient_element, w->gradient, i, scale * difference);
        }
        w->losses[r] = (float)(sum / (double)w->width);
    }
}

void hpm_squared_error(hpm_context *context, const float *predicted, const float *target, int64_t rows, int64_t width, float *losses,
                       hpm_element gradient_element, void *gradient) {
    loss_work work = {predicted, target, rows, width, losses, gradient_element, gradient};
    hpm_share(context, rows, squared_error_share, &work);
}

// With u and v the directions of p and t: |u − v|² = 2 − 2 u·v, and its gradient by p is 2 (u (u·v) − v) / |p|.
static void direction_error_share(const void *data, int64_t first, int64_t last) {
    const loss_work *w = data;
    for (int64_t r = first; r < last; r++) {
        const float *p = w->predicted + r * w->width, *t = w->target + r * w->width;
        double squares = 0, target_squares = 0, product = 0;
        for (int64_t i = 0; i < w->width; i++) {
            squares += (double)p[i] * p[i];
            target_squares += (double)t[i] * t[i];
            product += (double)p[i] * t[i];
        }
        const double length = sqrt(squares), target_length = sqrt(target_squares), cosine = product / (length * target_length);
        const double along = 2 * cosine / (length * length * (double)w->rows), across = 2 / (target_length * length * (double)w->rows);
        for (int64_t i = 0; i < w->width; i++)
            put(w->gradient_element, w->gradient, r * w->width + i, (float)(along * p[i] - across * t[i]));
        w->losses[r] = (float)(2 - 2 * cosine);
    }
}

void hpm_direction_error(hpm_context *context, const float *predicted, const float *target, int64_t rows, int64_t width, float *losses,
                         hpm_element gradient_element, void *gradient) {
    loss_work work = {predicted, target, rows, width, losses, gradient_element, gradient};
    hpm_share(context, rows, direction_error_share, &work);
}
