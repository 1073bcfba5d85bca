// Targets of the reconstructor, and its losses with their gradients; a row is a patch.
#ifndef HPM_CKERNELS_LOSSES_H
#define HPM_CKERNELS_LOSSES_H

#include <stdbool.h>
#include <stdint.h>


/// As hpm_gather_patches, each row ordered (y, x, channel), and where `standardised` brought to zero mean and unit (unbiased) variance.
void hpm_gather_targets(hpm_context *context, const float *pixels, int64_t channels, int64_t grid_rows, int64_t grid_columns, int64_t side,
                        const int32_t *patches, int64_t count, int64_t patches_per_image, bool standardised, float *output);

/// losses[r] = the mean squared difference of row r; `gradient [rows, width]` that of the mean of all losses by `predicted`.
void hpm_squared_error(hpm_context *context, const float *predicted, const float *target, int64_t rows, int64_t width, float *losses,
                       hpm_element gradient_element, void *gradient);

/// losses[r] = the squared distance of the directions of the two rows r; `gradient` as in hpm_squared_error.
void hpm_direction_error(hpm_context *context, const float *predicted, const float *target, int64_t rows, int64_t width, float *losses,
                         hpm_element gradient_element, void *gradient);

#endif
