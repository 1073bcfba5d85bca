// The table of one instruction set's training loops; included after them.
const hpm_training_loops NAME(hpm_training_loops) = {
    .gelu = gelu_elements,
    .gelu_backward = gelu_backward_rows,
    .column_sums = column_sum_rows,
    .layer_norm_backward = layer_norm_backward_rows,
    .spread_gradient = spread_gradient_rows,
    .add_parts = add_parts,
    .add_elements = add_elements,
    .convert = convert_elements,
    .sum_of_squares = sum_of_squares,
    .adamw = adamw_elements,
};
