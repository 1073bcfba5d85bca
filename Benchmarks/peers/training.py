"""How many images a second hpm and PyTorch take through whole training steps, in one run on the same cores.

    peers/bin/python Benchmarks/peers/training.py [--hpm .build/release/hpm] [--rounds 3] [--case vit_base|vit_tiny]

A step is the teacher on all patches, the mask, the student forward and backward, both losses, clipping, AdamW and the EMA. A round times
both in turn; each figure is the best of the rounds' medians. Beside them, the most memory that was resident: hpm's as it prints it itself,
PyTorch's over its rounds in this process. bf16 is left out, aloud, where the processor lacks it.
"""
import argparse
import copy
import gc
import os
import re
import subprocess
import time

import torch

from network import HardPatchModel

CASES = {
    "vit_base": dict(batch=8, preset="vit_base_200", size=224, patch=16, encoder=(768, 12, 12), decoder=(512, 8, 16), steps=3),
    "vit_tiny": dict(batch=128, preset="vit_tiny", size=64, patch=8, encoder=(192, 12, 3), decoder=(128, 4, 4), steps=5),
}


class TrainedModel(HardPatchModel):
    """The student's forward pass: the encoder on visible patches, both decoders on all."""

    def student(self, pixels, hidden):
        """Reconstructed pixels and predicted losses of the hidden patches, `hidden [B, M]`, and their targets."""
        batch, count = len(pixels), self.pos_embed.shape[1] - 1
        masked = torch.zeros(batch, count, dtype=torch.bool).scatter_(1, hidden, True)
        order = masked.long().argsort(dim=1, stable=True)
        visible = order[:, : count - hidden.shape[1]]
        side = self.patch_embed.proj.kernel_size[0]
        rows = pixels.unfold(2, side, side).unfold(3, side, side).permute(0, 2, 3, 1, 4, 5).reshape(batch, count, -1)
        seen = rows.gather(1, visible[:, :, None].expand(-1, -1, rows.shape[2]))
        x = torch.nn.functional.linear(seen, self.patch_embed.proj.weight.flatten(1), self.patch_embed.proj.bias)
        x = x + self.pos_embed[0, 1:][visible]
        x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(batch, -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))
        tokens = self.mask_token.expand(batch, count, -1).to(x.dtype)
        tokens = tokens.scatter(1, visible[:, :, None].expand(-1, -1, x.shape[2]), x[:, 1:])
        tokens = torch.cat([x[:, :1], tokens], dim=1) + self.decoder_pos_embed
        results = []
        for suffix in ("", "_losspred"):
            y = tokens
            for block in getattr(self, "decoder_blocks" + suffix):
                y = block(y)
            y = getattr(self, "decoder_pred" + suffix)(getattr(self, "decoder_norm" + suffix)(y))[:, 1:]
            results.append(y.gather(1, hidden[:, :, None].expand(-1, -1, y.shape[2])).float())
        targets = pixels.unfold(2, side, side).unfold(3, side, side).permute(0, 2, 3, 4, 5, 1).reshape(batch, count, -1)
        return results[0], results[1].mean(dim=2), targets.gather(1, hidden[:, :, None].expand(-1, -1, targets.shape[2]))


def losses(reconstruction, predicted, targets):
    truth = ((reconstruction - targets) ** 2).mean(dim=2)
    known = truth.detach()
    signs = torch.sign(known[:, :, None] - known[:, None, :])
    pairs = torch.nn.functional.softplus(-signs * (predicted[:, :, None] - predicted[:, None, :]))
    return truth.mean() + (pairs * signs.abs()).sum() / signs.abs().sum().clamp(min=1)


class Step:
    def __init__(self, case, precision):
        torch.manual_seed(0)
        self.student = TrainedModel(image=case["size"], patch=case["patch"], encoder=case["encoder"], decoder=case["decoder"])
        self.teacher = copy.deepcopy(self.student)
        trained = [p for p in self.student.parameters() if p.requires_grad]
        groups = [
            dict(params=[p for p in trained if p.ndim > 1], weight_decay=0.05),
            dict(params=[p for p in trained if p.ndim <= 1], weight_decay=0),
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), fused=True)
        self.autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")
        self.pixels = torch.randn(case["batch"], 3, case["size"], case["size"])

    def __call__(self):
        count = self.student.pos_embed.shape[1] - 1
        hidden_count = count - int(count * 0.25)
        with self.autocast:
            with torch.no_grad():
                scores = self.teacher(self.pixels).float()
            guided = scores.topk(hidden_count // 2, dim=1).indices
            keys = torch.rand(scores.shape).scatter(1, guided, -1)
            hidden = keys.topk(hidden_count, dim=1, largest=False).indices
            loss = losses(*self.student.student(self.pixels, hidden))
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 5)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.teacher.parameters()), list(self.student.parameters()), 0.001)


def median_seconds(call, repetitions):
    call()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def forget_peak():
    """Lets the kernel count this process' peak anew, from what is resident now."""
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak_megabytes():
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read()).group(1)) * 1024 / 1e6


def hpm_seconds(program, case, precision, threads):
    command = [program, "bench", "--training", "--preset", case["preset"], "--precision", precision, "--threads", str(threads)]
    command += ["--batch", str(case["batch"]), "--repetitions", str(case["steps"])]
    command += ["--set", f"model.image_size={case['size']}", "--set", f"model.patch_size={case['patch']}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"([\d.]+) ms a step", output).group(1)) / 1000, output


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments.add_argument("--case", choices=CASES, action="append")
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    native = "avx512_bf16" in open("/proc/cpuinfo").read()
    if not native:
        print("bf16 is left out: this processor has no AVX-512 BF16")
    for name in chosen.case or CASES:
        case = CASES[name]
        for precision in ["fp32", "bf16"] if native else ["fp32"]:
            step = None
            forget_peak()
            step = Step(case, precision)
            ours, theirs, report = [], [], ""
            for _ in range(chosen.rounds):
                seconds, report = hpm_seconds(chosen.hpm, case, precision, chosen.threads)
                ours.append(seconds)
                theirs.append(median_seconds(step, case["steps"]))
            print(f"{name} {precision}: hpm {case['batch'] / min(ours):.2f} images a second, PyTorch {torch.__version__} "
                  f"{case['batch'] / min(theirs):.2f}: {min(theirs) / min(ours):.2f} times; "
                  f"peak memory {re.search(r'peak resident ([0-9.]+)', report).group(1)} MB, PyTorch {peak_megabytes():.1f} MB")
            print(report)


if __name__ == "__main__":
    main()
