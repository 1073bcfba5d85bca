"""Makes the files beside it: small frozen vision transformers with random weights, and what PyTorch makes of two pictures with them.

    python make.py        (torch and timm)

The tests read the files and need no Python. `timm.pth` is timm's own model; `dino.pth` and `dino-full.pth` have the names of DINO's backbone
and training checkpoint; `clip.pt` is a TorchScript archive in half precision with the names of CLIP, as its authors publish it.
"""

import argparse
import math

import numpy as np
import timm
import torch
import torch.nn as nn
import torch.nn.functional as F

ROWS, COLUMNS, PATCH = 4, 4, 4
OTHER_ROWS, OTHER_COLUMNS = 6, 5


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        scale = 0.3 if parameter.dim() == 1 else 0.15
        parameter.data = scale * torch.randn(parameter.shape, generator=generator) + (1 if parameter.dim() == 1 else 0)
    return model.eval()


class Backbone(nn.Module):
    """DINO's vision transformer (layers as timm's), its position table resized as DINO resizes it."""

    def __init__(self, width=16, heads=2):
        super().__init__()
        inner = timm.create_model("vit_tiny_patch16_224", img_size=ROWS * PATCH, patch_size=PATCH, embed_dim=width, depth=2,
                                  num_heads=heads, num_classes=0)
        self.cls_token, self.pos_embed = inner.cls_token, inner.pos_embed
        self.patch_embed, self.blocks, self.norm = inner.patch_embed, inner.blocks, inner.norm
        self.patch_embed.strict_img_size = False

    def positions(self, rows, columns):
        if (rows, columns) == (ROWS, COLUMNS):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, ROWS, COLUMNS, -1).permute(0, 3, 1, 2)
        scale = ((rows + 0.1) / math.sqrt(ROWS * COLUMNS), (columns + 0.1) / math.sqrt(ROWS * COLUMNS))
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")
        assert grid.shape[-2:] == (rows, columns)
        return torch.cat([self.pos_embed[:, :1], grid.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)], 1)

    def forward(self, x):
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.positions(rows, columns)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class ResidualAttentionBlock(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width: int, layers: int, heads: int):
        super().__init__()
        self.resblocks = nn.Sequential(*[ResidualAttentionBlock(width, heads) for _ in range(layers)])

    def forward(self, x):
        return self.resblocks(x)


class VisualTower(nn.Module):
    def __init__(self, width: int, layers: int, heads: int, outputs: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, PATCH, PATCH, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(ROWS * COLUMNS + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, heads)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, outputs))

    def tokens(self, x, positions):
        x = self.conv1(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + positions
        x = self.transformer(self.ln_pre(x).permute(1, 0, 2)).permute(1, 0, 2)
        return self.ln_post(x) @ self.proj

    def forward(self, x):
        return self.tokens(x, self.positional_embedding)[:, 0]


class CLIP(nn.Module):
    """The visual tower, and enough of the text tower to have its names."""

    def __init__(self):
        super().__init__()
        self.visual = VisualTower(32, 2, 2, 24)
        self.transformer = Transformer(8, 1, 1)
        self.token_embedding = nn.Embedding(11, 8)
        self.positional_embedding = nn.Parameter(torch.zeros(5, 8))
        self.ln_final = nn.LayerNorm(8)
        self.text_projection = nn.Parameter(torch.zeros(8, 24))
        self.logit_scale = nn.Parameter(torch.ones([]))

    def forward(self, image):
        return self.visual(image) * self.logit_scale.exp()


def resized(table, rows, columns):
    """open_clip's `resize_pos_embed`."""
    grid = table[1:].reshape(1, ROWS, COLUMNS, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([table[:1], grid.permute(0, 2, 3, 1).reshape(rows * columns, -1)])


def save(name, tokens):
    np.save(f"{name}.npy", tokens.detach().numpy().astype(np.float32))


@torch.no_grad()
def main():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, ROWS * PATCH, COLUMNS * PATCH, generator=generator)
    others = torch.randn(2, 3, OTHER_ROWS * PATCH, OTHER_COLUMNS * PATCH, generator=generator)
    save("images", images)
    save("other-images", others)

    model = randomise(
        timm.create_model("vit_tiny_patch16_224", img_size=ROWS * PATCH, patch_size=PATCH, embed_dim=32, depth=2, num_heads=2,
                          num_classes=5, dynamic_img_size=True), 1)
    torch.save(model.state_dict(), "timm.pth")
    save("timm", model.forward_features(images))
    save("timm-other", model.forward_features(others))

    student, teacher = randomise(Backbone(), 2), randomise(Backbone(), 3)
    torch.save(teacher.state_dict(), "dino.pth")
    save("dino", teacher(images))
    save("dino-other", teacher(others))
    save("dino-student", student(images))
    head = {"head.mlp.0.weight": torch.zeros(3, 16), "head.last_layer.weight_g": torch.zeros(3, 1)}

    def wrapped(model, prefix):
        names = {"backbone." + name: value for name, value in model.state_dict().items()} | head
        return {prefix + name: value for name, value in names.items()}

    torch.save({"student": wrapped(student, "module."), "teacher": wrapped(teacher, ""), "epoch": 7,
                "args": argparse.Namespace(arch="vit_small", patch_size=PATCH)}, "dino-full.pth")

    clip = randomise(CLIP(), 4).half().float()  # half precision is what the file has
    save("clip", clip.visual.tokens(images, clip.visual.positional_embedding))
    save("clip-other", clip.visual.tokens(others, resized(clip.visual.positional_embedding, OTHER_ROWS, OTHER_COLUMNS)))
    torch.jit.save(torch.jit.script(clip.half()), "clip.pt")


if __name__ == "__main__":
    main()
