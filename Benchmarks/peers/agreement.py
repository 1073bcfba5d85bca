"""Whether hpm predicts what PyTorch predicts, on full-size networks with random weights.

    peers/bin/python Benchmarks/peers/agreement.py [--hpm .build/release/hpm] [--presets vit_base vit_large]

PyTorch writes the weights as safetensors and computes in float32; hpm reads them and computes in fp32 and in bf16. Prints the greatest
difference over the map's spread, and Spearman's rank correlation; fails where fp32 differs by more than 1e-4 of the spread or bf16 ranks
below 0.99.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy
import torch
from safetensors.torch import save_file

from network import randomised


def predicted_by_hpm(program, weights, pixels, precision, folder):
    source, result = os.path.join(folder, "pixels.npy"), os.path.join(folder, "predicted.npy")
    numpy.save(source, pixels)
    command = [program, "predict", source, "--model", weights, "--precision", precision, "--format", "npy", "--out", result]
    subprocess.run(command, check=True)
    return numpy.load(result).reshape(len(pixels), -1)


def spearman(a, b):
    return numpy.corrcoef(numpy.argsort(numpy.argsort(a)), numpy.argsort(numpy.argsort(b)))[0, 1]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--presets", nargs="+", default=["vit_base", "vit_large"])
    chosen = arguments.parse_args()
    native = "avx512_bf16" in open("/proc/cpuinfo").read()
    if not native:
        print("bf16 is left out: this processor has no AVX-512 BF16")
    failed = False
    for preset in chosen.presets:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            model = randomised(preset)
            weights = os.path.join(folder, preset + ".safetensors")
            save_file(model.state_dict(), weights)
            pixels = torch.randn(2, 3, 224, 224)
            expected = model(pixels).numpy()
            for precision in ("fp32", "bf16") if native else ("fp32",):
                found = predicted_by_hpm(chosen.hpm, weights, pixels.numpy(), precision, folder)
                difference = max(abs(e - f).max() / (e.max() - e.min()) for e, f in zip(expected, found))
                rank = min(spearman(e, f) for e, f in zip(expected, found))
                failed |= difference > 1e-4 if precision == "fp32" else rank < 0.99
                print(f"{preset} {precision}: difference {difference:.2e} of the spread, Spearman {rank:.5f}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
