"""The model: whoever answers. `build_model` picks an OpenAI-compatible endpoint or the embedded one.

Importing this package costs nothing: LangChain and the download code are loaded when they are first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model.seam import Model, Status

if TYPE_CHECKING:
    from core.settings import Settings

__all__ = ["Model", "Status", "build_model"]


def build_model(settings: Settings) -> Model:
    """The model these settings ask for, not started yet."""
    if settings.embedded:
        from core.model.embedded.service import Embedded

        return Embedded(settings.data_dir / "models", path=settings.local_model_path)
    from core.model.endpoint import Endpoint, split_keys

    keys = split_keys(settings.openai_api_key.get_secret_value())
    return Endpoint(model=settings.openai_model, base_url=settings.openai_base_url, keys=keys)
