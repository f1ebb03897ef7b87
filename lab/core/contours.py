"""Level sets of a function of the plane, as segments that a picture can draw."""

from __future__ import annotations

import torch
from torch import Tensor


def level_sets(values: Tensor, x: Tensor, y: Tensor, levels: Tensor) -> Tensor:
    """Where a function that is known on a grid takes given values.

    Each cell of the grid is cut into two triangles. On a triangle the function is taken to be
    linear, so a level crosses it in one segment or not at all, and neighbours meet.

    Parameters
    ----------
    values : Tensor of shape (n, m)
        The function at (x_i, y_j).
    x, y : Tensor of shape (n,), (m,)
    levels : Tensor of shape (l,)

    Returns
    -------
    Tensor of shape (s, 4)
        Segments (x0, y0, x1, y1), of all levels together.
    """
    points = torch.stack([*torch.meshgrid(x, y, indexing="ij"), values], -1)
    a, b, c, d = points[:-1, :-1], points[1:, :-1], points[:-1, 1:], points[1:, 1:]
    first, second = torch.stack([a, b, c], -2), torch.stack([d, c, b], -2)
    triangles = torch.cat([first.reshape(-1, 3, 3), second.reshape(-1, 3, 3)])
    ends = triangles.roll(-1, 1)  # edge i goes from corner i to corner i + 1
    found = []
    for level in levels:
        above = triangles[..., 2] > level
        crossed = above != above.roll(-1, 1)
        cut = crossed.any(1)  # then by exactly two of the three edges
        start, end = triangles[cut][crossed[cut]], ends[cut][crossed[cut]]
        share = (level - start[:, 2:]) / (end[:, 2:] - start[:, 2:])
        found.append((start + share * (end - start))[:, :2].reshape(-1, 4))
    return torch.cat(found) if found else points.new_empty(0, 4)
