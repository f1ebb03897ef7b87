"""Walks over a state: its tensors, its size, its digest. A state is any picklable tree."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a tree with its path, in a fixed order; modules and optimisers opened."""
    if isinstance(tree, torch.nn.Module):
        for name, value in tree.state_dict(keep_vars=True).items():
            yield f"{path}.{name}", value
    elif isinstance(tree, torch.optim.Optimizer):
        saved = tree.state_dict()
        yield from leaves(saved["state"], f"{path}.state")
        yield from leaves(saved["param_groups"], f"{path}.groups")
    elif isinstance(tree, torch.Generator):
        yield path, tree.get_state()
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(tree, (list, tuple)):
        for i, value in enumerate(tree):
            yield from leaves(value, f"{path}[{i}]")
    elif hasattr(tree, "__dict__") and not isinstance(tree, (torch.Tensor, type)):
        yield from leaves(vars(tree), path)
    else:
        yield path, tree


def tensors(tree: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a tree with its path."""
    for path, leaf in leaves(tree):
        if isinstance(leaf, torch.Tensor):
            yield path, leaf


def nbytes(tree: Any) -> int:
    """Bytes of the tensors and arrays of a tree, and of the rest as pickled."""
    total = 0
    rest = []
    for _, leaf in leaves(tree):
        if isinstance(leaf, torch.Tensor):
            total += leaf.numel() * leaf.element_size()
        elif isinstance(leaf, np.ndarray):
            total += leaf.nbytes
        else:
            rest.append(leaf)
    return total + (len(pickle.dumps(rest)) if rest else 0)


def digest(tree: Any) -> str:
    """Sixteen hexadecimal digits that differ when any bit of the tree differs."""
    found = hashlib.sha256()
    for path, leaf in leaves(tree):
        found.update(path.encode())
        if isinstance(leaf, torch.Tensor):
            data = leaf.detach().cpu().contiguous()
            found.update(str(data.dtype).encode())
            found.update(
                data.flatten().view(torch.uint8).numpy().tobytes() if data.numel() else b""
            )
        elif isinstance(leaf, np.ndarray):
            found.update(np.ascontiguousarray(leaf).tobytes())
        elif isinstance(leaf, (set, frozenset)):
            found.update(repr(sorted(map(repr, leaf))).encode())
        else:
            found.update(repr(leaf).encode())
    return found.hexdigest()[:16]
