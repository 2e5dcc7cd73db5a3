"""Train the lecture's LSTM in PyTorch: what `training.py` compares with, on the same documents.

    python training_pytorch.py DATA.npz EPOCHS SEED THREADS

Runs in an environment of its own (requirements.lock beside this file). The optimizer has the
constants of Keras's RMSprop, which differ from PyTorch's.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn


class Network(nn.Module):
    """GloVe → LSTM 64 → Dropout → Dense 32 → Dropout → Dense, as on the slides."""

    def __init__(self, matrix: np.ndarray, classes: int):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(matrix), freeze=False)
        self.lstm = nn.LSTM(matrix.shape[1], 64, batch_first=True)
        self.head = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(self.embedding(x))
        return self.head(hidden[:, -1])


def accuracy(network: Network, x: torch.Tensor, y: torch.Tensor) -> float:
    """Return the share of documents whose class is found."""
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in x.split(128)])
    network.train()
    return float((found == y).float().mean())


def main(data: str, epochs: str, seed: str, threads: str) -> None:
    start = time.perf_counter()
    torch.manual_seed(int(seed))
    torch.set_num_threads(int(threads))
    arrays = np.load(data, allow_pickle=False)
    parts = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name != "matrix"}
    network = Network(arrays["matrix"], int(arrays["y_train"].max()) + 1)
    optimizer = torch.optim.RMSprop(network.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    loss = nn.CrossEntropyLoss()
    seconds = []
    for _ in range(int(epochs)):
        begin = time.perf_counter()
        for rows in torch.randperm(len(parts["x_train"])).split(32):
            optimizer.zero_grad()
            loss(network(parts["x_train"][rows]), parts["y_train"][rows]).backward()
            optimizer.step()
        accuracy(network, parts["x_validation"], parts["y_validation"])
        seconds.append(time.perf_counter() - begin)
    found = {
        "accuracy": accuracy(network, parts["x_test"], parts["y_test"]),
        "seconds": time.perf_counter() - start,
        "epoch_seconds": seconds,
        "version": torch.__version__,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
