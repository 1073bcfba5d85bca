// The loops for AVX-512: vectors of sixteen.
#include <stdint.h>
#pragma STDC FP_CONTRACT ON
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#define LANES 16
#define NAME(x) x##_avx512
#include "vector_math.h"
#include "vector_loops.h"
#include "vector_attention.h"
#include "vector_training_loops.h"
#include "vector_attention_gradient.h"
#include "training_table.h"
#pragma clang attribute pop
