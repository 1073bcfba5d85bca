"""The network in PyTorch, stated once for all comparisons: names as in the published checkpoints, written from the papers (MAE; HPM, section 3)."""
import math

import torch
from torch import nn


class Block(nn.Module):
    """A pre-norm transformer block; attention is PyTorch's own fused one, the fastest it has."""

    class Attention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.qkv = nn.Linear(width, 3 * width)
            self.proj = nn.Linear(width, width)

        def forward(self, x):
            batch, tokens, width = x.shape
            q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v)
            return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))

    class Perceptron(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.fc1 = nn.Linear(width, 4 * width)
            self.fc2 = nn.Linear(4 * width, width)

        def forward(self, x):
            return self.fc2(nn.functional.gelu(self.fc1(x)))

    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Block.Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Block.Perceptron(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def position_table(side, width):
    """[1, 1 + side², width]: the first half of a row encodes the column, the second the row; row 0 is zero."""
    frequencies = 1 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))

    def encode(coordinates):
        angles = coordinates.reshape(-1, 1) * frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    rows, columns = torch.meshgrid(torch.arange(side, dtype=torch.float64), torch.arange(side, dtype=torch.float64), indexing="ij")
    table = torch.cat([encode(columns), encode(rows)], dim=1)
    return torch.cat([torch.zeros(1, width, dtype=torch.float64), table])[None].float()


class HardPatchModel(nn.Module):
    """Encoder, reconstructor and loss predictor; `forward` is the predicted loss of every patch with all of them visible."""

    def __init__(self, image=224, patch=16, encoder=(768, 12, 12), decoder=(512, 8, 16)):
        super().__init__()
        (width, depth, heads), (inner, inner_depth, inner_heads) = encoder, decoder
        side = image // patch
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, width, patch, patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.mask_token = nn.Parameter(torch.randn(1, 1, inner) * 0.02)
        self.pos_embed = nn.Parameter(position_table(side, width), requires_grad=False)
        self.decoder_pos_embed = nn.Parameter(position_table(side, inner), requires_grad=False)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder_embed = nn.Linear(width, inner)
        for suffix in ("", "_losspred"):
            setattr(self, "decoder_blocks" + suffix, nn.ModuleList([Block(inner, inner_heads) for _ in range(inner_depth)]))
            setattr(self, "decoder_norm" + suffix, nn.LayerNorm(inner, eps=1e-6))
            setattr(self, "decoder_pred" + suffix, nn.Linear(inner, patch * patch * 3))
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        nn.init.xavier_uniform_(self.patch_embed.proj.weight.flatten(1))

    def forward(self, pixels):
        x = self.patch_embed.proj(pixels).flatten(2).transpose(1, 2) + self.pos_embed[:, 1:]
        x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(x.shape[0], -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x)) + self.decoder_pos_embed
        for block in self.decoder_blocks_losspred:
            x = block(x)
        return self.decoder_pred_losspred(self.decoder_norm_losspred(x))[:, 1:].mean(dim=2)


PRESETS = {
    "vit_base": dict(patch=16, encoder=(768, 12, 12), decoder=(512, 8, 16)),
    "vit_large": dict(patch=16, encoder=(1024, 24, 16), decoder=(512, 8, 16)),
}


def randomised(preset, seed=0):
    """A network whose every tensor is non-trivial, norms and biases too."""
    torch.manual_seed(seed)
    model = HardPatchModel(**PRESETS[preset]).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.02)
            elif "norm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model
