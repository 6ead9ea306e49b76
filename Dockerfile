# syntax=docker/dockerfile:1
# One image for every service: `docker build -t support-system .`, `docker run -p 8000:8000 support-system`.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv && /app/.venv/bin/pip install --no-cache-dir --disable-pip-version-check uv
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    /app/.venv/bin/uv pip install --python /app/.venv/bin/python -r requirements.lock
COPY . .
RUN /app/.venv/bin/uv pip install --python /app/.venv/bin/python --no-deps --no-build-isolation -e . \
    && LAKE_ROOT=/tmp/lake /app/.venv/bin/python -c "from orchestration.dbt import parsed; parsed()"

FROM python:3.11.14-slim-bookworm
RUN useradd --create-home --uid 10001 ticketlake \
    && mkdir /lake \
    && chown ticketlake /lake
WORKDIR /app
COPY --from=build --chown=ticketlake /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LAKE_ROOT=/lake \
    DAGSTER_HOME=/lake/dagster \
    DAGSTER_DISABLE_TELEMETRY=yes \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    DO_NOT_TRACK=1 \
    API_HOST=0.0.0.0 \
    API_AUTH=on \
    DAGSTER_HOST=0.0.0.0
USER ticketlake
VOLUME /lake
EXPOSE 8000 3000 5000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["ticketlake", "up"]
