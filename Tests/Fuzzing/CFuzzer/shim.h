#include <stddef.h>
#include <stdint.h>

// libFuzzer's loop, in `libclang_rt.fuzzer_no_main`: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
int LLVMFuzzerRunDriver(int *argument_count, char ***arguments, int (*read)(const uint8_t *data, size_t size));
