// The factors of a matrix product as oneDNN's batch-reduced kernels on AVX-512 read them, so that they need not lay them out themselves.
#ifndef HPM_FACTORS_H
#define HPM_FACTORS_H

#include "CKernels.h"

enum { hpm_block_columns = 64 };

/// A second factor [depth, columns] and where its blocks go, in the layout that oneDNN calls BA16a64b, of bfloat16 BA16a64b2a: one after another
/// down the first 64 columns, then down the next. A block has 16 rows of 64 numbers, of bfloat16 16 rows of 64 pairs, each of two rows' numbers
/// in one column. What is beyond the matrix is zero.
typedef struct {
    hpm_element source_element;  // bfloat16 only where `element` is
    const void *source;          // [depth, columns], or [columns, depth] where `across`
    bool across;
    int64_t depth, columns;
    hpm_element element;
    void *blocks;
} hpm_blocked_factor;

/// Floats that the blocks take.
size_t hpm_blocked_floats(const hpm_blocked_factor *factor);

/// Fills the blocks, which are shared among the team.
void hpm_lay_out_blocks(hpm_context *context, const hpm_blocked_factor *factor);

/// A first factor that lies as [depth, rows], and where it goes as [rows, padded depth]. What is beyond the matrix is zero.
typedef struct {
    hpm_element element;
    const void *source;
    int64_t depth, rows;
    void *turned;
} hpm_turned_factor;

/// The depth that whole blocks have.
int64_t hpm_padded_depth(hpm_element element, int64_t depth);

/// Floats that the turned factor takes.
size_t hpm_turned_floats(const hpm_turned_factor *factor);

/// Turns the factor; the team shares it.
void hpm_turn(hpm_context *context, const hpm_turned_factor *factor);

#endif
