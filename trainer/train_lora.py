"""LoRA layers that compute the same as PEFT's with less moving of memory.

PEFT casts each input to fp32 and (under autocast) back again, scales and adds in passes of their
own, and autograd does all that once more backwards. On a processor that takes about as long as the
products themselves. Here a layer is one function with a gradient written by hand.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


def quicken(model: Any) -> int:
    """Give the LoRA layers of a model the short way, where it applies; returns how many.

    It applies to plain LoRA (no DoRA, no dropout) on linear layers that are frozen. The layers'
    weights, names and files stay as they are.
    """
    from peft.tuners.lora.layer import Linear

    count = 0
    for layer in model.modules():
        if type(layer) is Linear and _is_plain(layer):
            layer.forward = _Short(layer)
            count += 1
    return count


def _is_plain(layer: Any) -> bool:
    names = list(layer.lora_A)
    base = layer.base_layer
    return (
        type(base) is torch.nn.Linear
        and not base.weight.requires_grad
        and (base.bias is None or not base.bias.requires_grad)
        and len(names) == 1
        and type(layer.lora_dropout[names[0]]) is torch.nn.Identity
        and names[0] not in getattr(layer, "lora_variant", {})
        and layer.lora_B[names[0]].bias is None
        and not layer.fan_in_fan_out
    )


class _Short:
    """The forward of a layer; anything unusual goes PEFT's own way."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._peft = type(layer).forward
        (self._name,) = layer.lora_A

    def __call__(self, x: torch.Tensor, *rest: Any, **more: Any) -> torch.Tensor:
        layer, name = self._layer, self._name
        if rest or more or layer.merged or layer.disable_adapters:
            found: torch.Tensor = self._peft(layer, x, *rest, **more)
            return found
        base = layer.base_layer
        down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
        device = x.device.type
        on = torch.is_autocast_enabled(device)
        kind = torch.get_autocast_dtype(device) if on else x.dtype
        return _apply(x, base.weight, base.bias, down, up, layer.scaling[name], kind)


def _apply(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    down: torch.Tensor,
    up: torch.Tensor,
    scale: float,
    kind: torch.dtype,
) -> torch.Tensor:
    found: torch.Tensor = _Adapted.apply(x, weight, bias, down, up, scale, kind)
    return found


class _Adapted(torch.autograd.Function):  # type: ignore[misc]
    """``x W' + b + scale (x A') B'``, multiplied in ``kind``; A and B get gradients, W does not."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scale: float,
        kind: torch.dtype,
    ) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            rows = x.reshape(-1, x.shape[-1]).to(kind)
            table = weight.to(kind)
            narrow, wide = down.to(kind), (up * scale).to(kind)
            inner = rows @ narrow.T
            found = functional.linear(rows, table, None if bias is None else bias.to(kind))
            found.addmm_(inner, wide.T)
        ctx.save_for_backward(rows, table, narrow, wide, inner)
        ctx.scale, ctx.kinds = scale, (x.dtype, down.dtype, up.dtype)
        return found.view(*x.shape[:-1], found.shape[-1])

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> Any:
        rows, table, narrow, wide, inner = ctx.saved_tensors
        (slope,) = slopes
        with torch.autocast(slope.device.type, enabled=False):
            flat = slope.reshape(-1, slope.shape[-1])
            above = flat @ wide
            for_down = (above.T @ rows).to(ctx.kinds[1])
            for_up = (flat.T @ inner).to(ctx.kinds[2]) * ctx.scale
            for_x = None
            if ctx.needs_input_grad[0]:
                for_x = (flat @ table).addmm_(above, narrow).to(ctx.kinds[0])
                for_x = for_x.view(*slope.shape[:-1], for_x.shape[-1])
        return for_x, None, None, for_down, for_up, None, None
