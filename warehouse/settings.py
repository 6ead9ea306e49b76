"""The only reader of the environment and of `.env`.

Every setting is an environment variable of the same name in capitals. A secret may come from a file instead:
`DATABASE_URL_FILE=/run/secrets/database_url`.
"""

import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.errors import SettingsInvalid

SILENCE = {
    "ANONYMIZED_TELEMETRY": "False",  # Chroma
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "NNCF_CI": "1",
    "PYTHON_DOTENV_DISABLED": "1",  # Soda would read the nearest .env into the environment of the process
    "SODA_CORE_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow tells of its kernels at each fit
    "TF_BUILD": "1",  # OpenVINO reports each import of itself, and only a build server has a switch
}
"""Switches that keep libraries from phoning home."""
QUEUES = ("redis://", "rediss://", "unix://", "postgresql://")
"""How the address of a queue begins."""


class Settings(BaseSettings):
    """What differs from one installation to the next."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    lake_root: Path = Field(description="Where everything is written")
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    api_workers: int = Field(1, ge=1, le=64, description="Processes that answer; each opens the release for itself")
    dagster_host: str = "127.0.0.1"
    dagster_port: int = Field(3000, ge=1, le=65535)
    database_url: str = Field("", description="Operational store; empty: SQLite under LAKE_ROOT")
    database_url_file: Path | None = None
    queue_url: SecretStr = Field(
        SecretStr(""), description="Wakes those who work on requests: redis:// or postgresql://; empty: they poll"
    )
    queue_url_file: Path | None = None
    request_threads: int = Field(2, ge=1, le=64, description="Requests that one worker works on at a time")
    encoder: str = Field(
        "minilm,universal",
        description="Models that turn texts into vectors, side by side: minilm, universal, or any sentence-transformers"
        " name or directory; or the directory of an encoder that was exported before",
    )
    families: str = Field(
        "majority,naive_bayes,logistic,decision_tree,random_forest,linear_svm,xgboost,catboost,keras,torch",
        description="Families of learners that are compared for each target, separated by commas",
    )
    llm_address: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="OpenAI-compatible endpoint that composes answers, as it is before /chat/completions; empty: none",
    )
    llm_model: str = Field("", description="Name of the model there")
    llm_key: SecretStr = SecretStr("")
    llm_key_file: Path | None = None
    llm_seconds: float = Field(20.0, gt=0, le=600, description="For all attempts at one answer together")
    llm_tokens: int = Field(4_000, ge=1_000, le=1_000_000, description="Of a question, its evidence and the reply")
    llm_retries: int = Field(2, ge=0, le=10)
    false_incidents_a_year: float = Field(
        2.0, gt=0, le=1_000, description="False incidents that people put up with in a year; fewer are found later"
    )
    webhook_urls: str = Field(
        "",
        pattern=r"^(\s*https?://[^,\s]+\s*(,\s*https?://[^,\s]+\s*)*)?$",
        description="Who is told of incidents, separated by commas; empty: nobody",
    )
    webhook_secret: SecretStr = Field(SecretStr(""), description="Signs what is told (Standard Webhooks)")
    webhook_secret_file: Path | None = None
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    seed: int = 7

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("database_url", "queue_url", "llm_key", "webhook_secret"):
            secret = values.get(f"{name}_file")
            if secret and not values.get(name):
                values[name] = Path(str(secret)).read_text(encoding="utf-8").strip()
        return values

    @model_validator(mode="after")
    def _resolve(self) -> "Settings":
        root = self.lake_root.expanduser().resolve()
        object.__setattr__(self, "lake_root", root)
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{root / 'operations' / 'store.db'}")
        queue = self.queue_url.get_secret_value()
        if queue and not queue.startswith(QUEUES):
            raise ValueError(f"QUEUE_URL begins with none of {', '.join(QUEUES)}")
        if self.webhook_urls and not self.webhook_secret.get_secret_value():
            raise ValueError("WEBHOOK_URLS are told nothing that is not signed: set WEBHOOK_SECRET")
        return self


def load() -> Settings:
    """Read the settings now. Raises `SettingsInvalid` naming every variable that is missing or wrong."""
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        faults = "; ".join(f"{'_'.join(map(str, e['loc'])).upper() or 'settings'}: {e['msg']}" for e in error.errors())
        message = f"settings: {faults}. Set them in the environment or in .env (see .env.example)."
        raise SettingsInvalid(message) from None
    except OSError as error:
        raise SettingsInvalid(f"settings: a secret file cannot be read: {error}") from None


settings = cache(load)


def silence() -> None:
    """Set the switches in this process; a library that has one is imported afterwards."""
    os.environ.update(SILENCE)  # noqa: TID251 settings are kept here


def share_cores() -> None:
    """Let Polars work with one thread in this process, which answers many at a time; before Polars is imported."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # noqa: TID251 settings are kept here


def share_counts(folder: Path, workers: int) -> None:
    """Let so many processes, started from now on, answer as one: what Prometheus counts lies in `folder`."""
    os.environ |= {"API_WORKERS": str(workers), "PROMETHEUS_MULTIPROC_DIR": str(folder)}  # noqa: TID251 settings are kept here


def process_environment(chosen: Settings, **extra: str) -> dict[str, str]:
    """The environment for a child process that is to see the same settings, and to be silent towards its makers."""
    own = {"LAKE_ROOT": str(chosen.lake_root), "DATABASE_URL": chosen.database_url}
    return {**os.environ, **SILENCE, **own, **extra}  # noqa: TID251 settings are read here
