"""Logs as JSON lines, to stdout and to rotating files; about requests, never with what a ticket says."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

FILE_BYTES = 10 * 1024 * 1024
FILES = 5
# Other libraries' loggers say nothing below a warning: some of them quote addresses and statements.
OURS = ("api", "worker", "service", "operations", "warehouse", "uvicorn")
_HANDLERS: list[logging.Handler] = []


def configure(folder: Path | None, level: str, name: str = "api") -> None:
    """Send structlog and the standard library's loggers to stdout, and to `folder/name.log` where that is one's own."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _only_the_kind_of_error],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.log"
        handlers.append(RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8"))
    root = logging.getLogger()
    for handler in _HANDLERS:
        root.removeHandler(handler)
        handler.close()
    _HANDLERS[:] = handlers
    for handler in _HANDLERS:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for logger in OURS:
        logging.getLogger(logger).setLevel(level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def where(error: BaseException) -> list[str]:
    """The frames of an error, without its message: messages quote values, and values may be a customer's words."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def _only_the_kind_of_error(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Other people's loggers hand over exceptions: keep what kind it was and where."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
    if error is not None:
        event.update(error=type(error).__name__, frames=where(error))
    return event
