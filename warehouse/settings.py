"""The only reader of the environment and of `.env`.

Every setting is an environment variable of the same name in capitals. A secret may come from a file instead:
`DATABASE_URL_FILE=/run/secrets/database_url`.
"""

import os
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

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


SHORTEST_SECRET = 32
"""Characters; HS256 wants a key of no fewer bits than its hash."""


class Settings(BaseSettings):
    """What differs from one installation to the next."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    lake_root: Path = Field(description="Where everything is written")
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    api_workers: int = Field(1, ge=1, le=64, description="Processes that answer; each opens the release for itself")
    api_auth: Literal["auto", "on", "off", "off-everywhere"] = Field(
        "auto",
        description="Whether callers need a key; auto: beyond loopback. off is refused there, off-everywhere is not",
    )
    jwt_secret: SecretStr = Field(
        SecretStr(""), description="Signs tokens, 32 characters or more; empty: made once, below LAKE_ROOT"
    )
    jwt_secret_file: Path | None = None
    cors_origins: str = Field(
        "",
        pattern=r"^(\s*https?://[^,\s/]+\s*(,\s*https?://[^,\s/]+\s*)*)?$",
        description="Origins whose pages may call the API from a browser, separated by commas; empty: none",
    )
    dagster_host: str = "127.0.0.1"
    dagster_port: int = Field(3000, ge=1, le=65535)
    database_url: str = Field("", description="Operational store; empty: SQLite under LAKE_ROOT")
    database_url_file: Path | None = None
    queue_url: SecretStr = Field(
        SecretStr(""), description="Wakes those who work on requests: redis:// or postgresql://; empty: they poll"
    )
    queue_url_file: Path | None = None
    request_threads: int = Field(2, ge=1, le=64, description="Requests that one worker works on at a time")
    worker_metrics: str = Field(
        "",
        pattern=r"^(\S+:\d{1,5})?$",
        description="host:port at which a worker tells Prometheus what it counted, to anybody; empty: nowhere",
    )
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
    retrain_corrections: int = Field(
        40, ge=1, le=1_000_000, description="Corrections of one label that ask for models to be trained again"
    )
    retrain_days: int = Field(30, ge=1, le=3_650, description="Days after which they are trained again in any case")
    shadow: bool = Field(
        False, description="The newest challenger predicts beside the champion, unseen: its answers are only kept"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    seed: int = 7

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("database_url", "queue_url", "jwt_secret", "llm_key", "webhook_secret"):
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
        if 0 < len(self.jwt_secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"JWT_SECRET has fewer than {SHORTEST_SECRET} characters (RFC 7518, 3.2)")
        return self

    @property
    def exposed(self) -> bool:
        """Whether the API listens where other machines reach it."""
        try:
            return not ip_address(self.api_host).is_loopback
        except ValueError:
            return self.api_host != "localhost"

    @property
    def guarded(self) -> bool:
        """Whether callers need a key. Raises `SettingsInvalid` for open doors beyond loopback that nobody confirmed."""
        if self.api_auth == "off" and self.exposed:
            raise SettingsInvalid(
                f"settings: API_AUTH is off, and {self.api_host} is reached from other machines: everybody there could "
                "read and change everything. Set API_AUTH=on, or API_AUTH=off-everywhere if that is what you want."
            )
        return self.api_auth == "on" or (self.api_auth == "auto" and self.exposed)

    def listening_at(self, host: str, port: int) -> "Settings":
        """The same settings for a server at another address."""
        return self.model_copy(update={"api_host": host, "api_port": port})


def load(**given: Any) -> Settings:
    """Read the settings now, but those that are `given`. Raises `SettingsInvalid` naming each missing or wrong one."""
    try:
        return Settings(**given)
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


def share_counts(folder: Path, workers: int, host: str) -> None:
    """Let so many processes, started from now on, answer as one: what Prometheus counts lies in `folder`."""
    own = {"API_WORKERS": str(workers), "API_HOST": host, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    os.environ |= own  # noqa: TID251 settings are kept here


def process_environment(chosen: Settings, **extra: str) -> dict[str, str]:
    """The environment for a child process that is to see the same settings, and to be silent towards its makers."""
    own = {"LAKE_ROOT": str(chosen.lake_root), "DATABASE_URL": chosen.database_url}
    return {**os.environ, **SILENCE, **own, **extra}  # noqa: TID251 settings are read here
