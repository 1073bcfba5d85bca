// The loops for AVX2 with fused multiply-add: vectors of eight.
#include <stdint.h>
#pragma STDC FP_CONTRACT ON
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define NAME(x) x##_avx2
#include "vector_math.h"
#include "vector_loops.h"
#include "vector_attention.h"
#include "vector_training_loops.h"
#include "vector_attention_gradient.h"
#include "training_table.h"
#include "vector_products.h"
#pragma clang attribute pop
