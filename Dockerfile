# The service, and the commands `report` and `sql`. CONTRIBUTING.md tells how this file is checked.
FROM python:3.11.14-slim-bookworm AS packages
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock \
    # The lock holds the developers' tools too.
    && /venv/bin/pip uninstall --yes axe-playwright-python execnet greenlet httpx httpx2 hypothesis hypothesis-graphql jsonschema-rs \
        openapi-python-client playwright pytest pytest-xdist ruff schemathesis sqlfluff \
    && /venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin store-uptime \
    && install --directory --owner store-uptime /data /warehouse /output
COPY --from=packages /venv /venv
WORKDIR /app
COPY dbt_project.yml profiles.yml ./
COPY models models
COPY macros macros
COPY seeds seeds
COPY tests/sql tests/sql
COPY loader loader
COPY api api
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DBT_TARGET_PATH=/warehouse/target \
    DBT_LOG_PATH=/warehouse/logs \
    STORE_UPTIME_DATA=/data \
    STORE_UPTIME_DB=/warehouse/store_uptime.duckdb \
    STORE_UPTIME_OUTPUT=/output \
    STORE_UPTIME_HOST=0.0.0.0 \
    STORE_UPTIME_PORT=8000
USER 10001
VOLUME ["/data", "/warehouse", "/output"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"STORE_UPTIME_PORT\"]}/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "api"]
CMD ["serve"]
