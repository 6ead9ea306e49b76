"""Run every benchmark: `python -m benchmarks`."""

import subprocess
import sys

for name in ("ingest", "incremental", "encode", "understand", "search", "detect", "stream", "queue", "serve"):
    print(f"# {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
