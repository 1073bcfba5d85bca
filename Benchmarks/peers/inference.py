"""How long hpm, ONNX Runtime and PyTorch take to predict the losses of one image, in one run on the same cores.

    peers/bin/python Benchmarks/peers/inference.py [--hpm .build/release/hpm] [--rounds 5]

A round measures each of them once, in turn, so that a machine whose speed drifts slows all; each figure is the best of the rounds' medians.
Same network, same image, threads as many as the process may use. ViT-B/16, 224 px: encoder and loss predictor.
"""
import argparse
import os
import re
import subprocess
import tempfile
import time

import onnxruntime
import torch

from network import randomised


def median_milliseconds(call, repetitions):
    call()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


def onnx_session(model, pixels, threads):
    path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    torch.onnx.export(model, (pixels,), path, input_names=["pixels"], output_names=["predicted_loss"], dynamo=True, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def hpm_milliseconds(program, precision, threads, repetitions, batch=1):
    command = [program, "bench", "--precision", precision, "--threads", str(threads), "--batch", str(batch), "--repetitions", str(repetitions)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    time_of_one, share = re.search(r"batch \d+: ([\d.]+) ms an image.*share ([\d.]+) %", output).groups()
    return float(time_of_one), float(share)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--repetitions", type=int, default=7)
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    model = randomised("vit_base")
    pixels = torch.randn(1, 3, 224, 224)
    session = onnx_session(model, pixels, chosen.threads)
    peers = {
        "ONNX Runtime fp32": lambda: session.run(None, {"pixels": pixels.numpy()}),
        "PyTorch eager fp32": lambda: model(pixels),
        "PyTorch eager bf16": lambda: autocast(model, pixels),
    }
    native = "avx512_bf16" in open("/proc/cpuinfo").read()
    if not native:
        print("hpm in bf16 is left out: this processor has no AVX-512 BF16")
    best = {}
    shares = {}
    with torch.inference_mode():
        expected, found = model(pixels).numpy(), session.run(None, {"pixels": pixels.numpy()})[0]
        assert abs(expected - found).max() < 1e-3, "the exported network differs from the original"
        for _ in range(chosen.rounds):
            for precision in ("fp32", "bf16") if native else ("fp32",):
                for batch in (1, 8):
                    name = f"hpm {precision}" + ("" if batch == 1 else f", batch {batch}")
                    taken, share = hpm_milliseconds(chosen.hpm, precision, chosen.threads, chosen.repetitions, batch)
                    best[name] = min(best.get(name, taken), taken)
                    shares.setdefault(name, []).append(share)
            for name, call in peers.items():
                taken = median_milliseconds(call, chosen.repetitions)
                best[name] = min(best.get(name, taken), taken)
    print(f"PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}, {chosen.threads} threads")
    print(f"{'':24}ms an image   ORT fp32 / it   PyTorch fp32 / it   share of the matrix rate")
    for name, taken in best.items():
        share = f"{sorted(shares[name])[len(shares[name]) // 2]:.1f} %" if name in shares else ""
        print(f"{name:24}{taken:11.1f}{best['ONNX Runtime fp32'] / taken:16.2f}{best['PyTorch eager fp32'] / taken:20.2f}{share:>27}")


def autocast(model, pixels):
    with torch.autocast("cpu", torch.bfloat16):
        return model(pixels)


if __name__ == "__main__":
    main()
