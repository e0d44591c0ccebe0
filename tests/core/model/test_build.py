"""Which model the settings ask for, and that asking costs no import of LangChain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.model import build_model
from core.model.endpoint import DEFAULT_MODEL
from core.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "LOCAL_MODEL_PATH", "DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def test_without_a_key_and_an_endpoint_the_small_offline_model_answers() -> None:
    model = build_model(settings())
    assert model.status().name == "small offline model (Qwen2.5-Coder 0.5B)"
    assert model.context_tokens == 2000


def test_a_gguf_of_ones_own_replaces_the_weights() -> None:
    assert build_model(settings(local_model_path="models/mine.gguf")).status().name == "mine.gguf"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"openai_api_key": SecretStr("sk-1,sk-2")}, DEFAULT_MODEL),
        ({"openai_api_key": SecretStr("sk-1"), "openai_model": "large"}, "large"),
        ({"openai_base_url": "http://127.0.0.1:9/v1", "openai_model": "mine"}, "mine"),
        ({"openai_base_url": "http://me:secret@127.0.0.1:9/v1"}, "the first model of http://127.0.0.1:9/v1"),
        ({"openai_api_key": SecretStr("sk-1"), "local_model_path": Path("x.gguf")}, DEFAULT_MODEL),
    ],
)
def test_a_key_or_a_base_url_means_an_endpoint(values: dict[str, object], name: str) -> None:
    model = build_model(settings(**values))
    assert model.status().name == name
    assert model.context_tokens is None


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL=http://127.0.0.1:9/v1", "OPENAI_API_KEY="])
def test_building_imports_no_langchain(variable: str, tmp_path: Path) -> None:
    name, _, value = variable.partition("=")
    script = (
        "import sys; from core.settings import load; from core.model import build_model; build_model(load(None));"
        "print([name for name in ('langchain_openai', 'langchain_core', 'openai', 'xllamacpp') if name in sys.modules])"
    )
    root = Path(__file__).parents[3]
    env = {"PYTHONPATH": str(root), name: value, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, cwd=tmp_path, check=True
    )
    assert done.stdout.strip() == "[]"
