"""Texts into unit vectors, by ONNX Runtime where that works, else by torch. Both give the same vectors.

Everything here blocks: only the embedder's own thread calls it.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from agent_core.errors import StoreUnavailableError
from agent_core.memory.weights import Weights

Vectors = NDArray[np.float32]
"""One unit vector per row."""

_EXPORT_WITHIN_S = 180.0
_LOOK_S = 0.1
_BATCH = 16

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Encoder(Protocol):
    """What turns texts into vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text, shape (n, dim)."""
        ...


class OnnxEncoder:
    """An exported graph, run on one thread."""

    name = "ONNX Runtime"

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        runtime: Any = onnxruntime  # it says nothing of its types
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1  # two would fight with the event loop
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = runtime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        note = json.loads((folder / "note.json").read_text())
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(note["tokens"]))
        # The file says to pad every text to 128 tokens, which would cost just as many.
        self._tokenizer.enable_padding(pad_id=int(note["pad"]))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        rows: list[tuple[int, Vectors]] = []
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            encoded = self._tokenizer.encode_batch([texts[at] for at in batch])
            ids = np.array([one.ids for one in encoded], dtype=np.int64)
            mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
            found = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            rows += [(at, row) for at, row in zip(batch, found, strict=True)]
        return np.stack([row for _, row in sorted(rows, key=lambda one: one[0])]).astype(np.float32)


class TorchEncoder:
    """The model as sentence-transformers runs it."""

    name = "PyTorch"

    def __init__(self, folder: Path) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        self._model: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text."""
        found = self._model.encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32)


def load(weights: Weights, cache: Path | None, halt: threading.Event) -> Encoder:
    """The quicker one that works here. An export is made once and kept under `cache`.

    `halt`, once set, ends an export that is under way. Raises StoreUnavailableError then.
    """
    if cache is not None:
        try:
            return OnnxEncoder(_exported(weights, cache, halt))
        except (OSError, ImportError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            log.warning("embedding with torch, since the quick way does not work", reason=str(error)[-500:])
    return TorchEncoder(weights.folder)


def _exported(weights: Weights, cache: Path, halt: threading.Event) -> Path:
    target = cache / f"{weights.sha256[:16]}-{version('onnxruntime')}"
    if (target / "note.json").is_file():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / ".lock", halt):
        if (target / "note.json").is_file():
            return target  # made by another process in the meantime
        for left in cache.glob(".export-*"):
            shutil.rmtree(left, ignore_errors=True)  # of one that was killed
        room = Path(tempfile.mkdtemp(dir=cache, prefix=".export-"))
        try:
            _run_export(weights.folder.absolute(), room.absolute(), halt)
            room.rename(target)
        finally:
            shutil.rmtree(room, ignore_errors=True)
    return target


@contextmanager
def _alone(lock: Path, halt: threading.Event) -> Generator[None]:
    """One process at a time exports, the others wait for it. Raises StoreUnavailableError on `halt`."""
    with lock.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if halt.wait(_LOOK_S):
                    raise StoreUnavailableError("The embedding model is closed.") from None
        yield


def _run_export(source: Path, room: Path, halt: threading.Event) -> None:
    root = Path(__file__).parents[2]
    nice = shutil.which("nice")  # nobody waits for it: it gets what others leave
    command = [*([nice, "-n", "19"] if nice else []), sys.executable, "-m", "agent_core.memory.export"]
    # A model does not need what the bot may know: no token reaches this program.
    environment = {"PATH": os.defpath, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HOME": str(room)}
    with (room / "log").open("w+") as said:
        process = subprocess.Popen(
            [*command, str(source), str(room)], cwd=root, env=environment, stdout=said, stderr=said
        )
        until = time.monotonic() + _EXPORT_WITHIN_S
        try:
            while process.poll() is None:
                if halt.wait(_LOOK_S):
                    raise StoreUnavailableError("The embedding model is closed.")
                if time.monotonic() > until:
                    raise RuntimeError("the export takes too long")
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"the export failed: {said.read().strip()[-400:]}")
