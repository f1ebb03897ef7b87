"""Sparse networks: masks, their time and what they save, beside the libraries of others."""

from torch import nn


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(144, 100), nn.ReLU(), nn.Linear(100, 10))


def without_biases() -> nn.Module:
    return nn.Sequential(*(nn.Linear(40, 40, bias=False) for _ in range(4)))


def normalised() -> nn.Module:
    return nn.Sequential(nn.Linear(30, 60), nn.LayerNorm(60), nn.GELU(), nn.Linear(60, 5))


def images() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def sounds() -> nn.Module:
    return nn.Sequential(nn.Conv1d(2, 12, 7, stride=2), nn.ReLU(), nn.Conv1d(12, 6, 3, dilation=2))


def volumes() -> nn.Module:
    return nn.Sequential(nn.Conv3d(1, 6, 3), nn.ReLU(), nn.Conv3d(6, 4, 3, padding=1))


def depthwise() -> nn.Module:
    return nn.Sequential(nn.Conv2d(12, 12, 3, groups=12), nn.ReLU6(), nn.Conv2d(12, 24, 1))


def words() -> nn.Module:
    return nn.Sequential(nn.Embedding(50, 16), nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 50))


def attention() -> nn.Module:
    return nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)


def precise() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 7)).double()


MODULES = (
    perceptron, without_biases, normalised, images, sounds, volumes, depthwise, words, attention,
    precise,
)  # fmt: skip
