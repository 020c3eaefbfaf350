"""Where all tests keep the exported embedding model: it takes seconds to make, and is the same for all."""

from pathlib import Path

MODELS = Path(__file__).parents[1] / ".pytest_cache" / "models"


def with_models(data: Path) -> Path:
    """A new data folder of a bot that finds the model there."""
    MODELS.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    (data / "models").symlink_to(MODELS)
    return data
