"""Write a sentence-transformers model as one ONNX file: `python -m agent_core.memory.export MODEL TARGET`.

A program of its own, so that a bot never imports torch: that takes seconds and hundreds of megabytes. Pooling
and normalisation are in the graph. What is written was compared with torch before it gets its name.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

WORST_COSINE = 0.9999
_SAMPLES = (
    "Where does the staging server run?",
    "ja",
    "The deploy on Friday failed, since a disk was full. " * 8,
)


def export(source: Path, target: Path) -> None:
    """Write the graph, the tokenizer and a note of the sizes. Raises RuntimeError where it does not agree."""
    import torch
    from sentence_transformers import SentenceTransformer

    model: Any = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    model.eval()

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if types:
                features["token_type_ids"] = torch.zeros_like(input_ids)
            return torch.nn.functional.normalize(self.model(features)["sentence_embedding"], dim=-1)

    write: Any = torch.onnx.export  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    encoded = model.tokenizer(["one", "one and two"], padding=True, return_tensors="pt")
    types = "token_type_ids" in encoded
    target.mkdir(parents=True, exist_ok=True)
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        write(
            Sentence(),
            (encoded["input_ids"], encoded["attention_mask"]),
            str(target / "model.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    model.tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
    note = {
        "tokens": min(int(model.max_seq_length or 512), 512),
        "pad": int(model.tokenizer.pad_token_id or 0),
    }
    (target / "note.json").write_text(json.dumps(note))
    _compare(model, target)


def _compare(model: Any, target: Path) -> None:
    from agent_core.memory.encoders import OnnxEncoder

    ours = OnnxEncoder(target).encode(_SAMPLES)
    theirs = model.encode(list(_SAMPLES), normalize_embeddings=True, show_progress_bar=False)
    worst = float((ours * theirs).sum(axis=1).min())
    if worst < WORST_COSINE:
        raise RuntimeError(f"The exported model differs from torch: cosine {worst:.5f}.")


def main() -> int:
    """Export, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    export(given.source, given.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
