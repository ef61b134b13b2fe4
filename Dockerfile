# Four images from one file: docker build --target fluxo --tag caixa-fluxo .   (fluxo | saldo | gateway | operator)
# Each holds its own member, comum and their dependencies exactly as uv.lock says, and nothing that builds them.
FROM docker.io/library/python:3.13-slim AS build
# The system's certificates, so that a private CA mounted over them is trusted while building.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/caixa UV_PYTHON_DOWNLOADS=never
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock ./
COPY services/comum/pyproject.toml services/comum/
COPY services/fluxo/pyproject.toml services/fluxo/
COPY services/saldo/pyproject.toml services/saldo/
COPY services/gateway/pyproject.toml services/gateway/
COPY operator/pyproject.toml operator/
# What all four share, so that only the members themselves are installed again when a source changes.
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-workspace --package caixa-comum
COPY services/comum/src services/comum/src

FROM build AS build-fluxo
COPY services/fluxo/src services/fluxo/src
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-editable --package caixa-fluxo

FROM build AS build-saldo
COPY services/saldo/src services/saldo/src
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-editable --package caixa-saldo

FROM build AS build-gateway
COPY services/gateway/src services/gateway/src
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-editable --package caixa-gateway

FROM build AS build-operator
COPY operator/src operator/src
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-editable --package caixa-operator

FROM docker.io/library/python:3.13-slim AS runtime
ENV PATH=/opt/caixa/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
# A user without an entry in /etc/passwd, and nothing of the image belongs to it.
USER 10001:10001

FROM runtime AS fluxo
COPY --from=build-fluxo /opt/caixa /opt/caixa
ENTRYPOINT ["caixa-fluxo"]

FROM runtime AS saldo
COPY --from=build-saldo /opt/caixa /opt/caixa
ENTRYPOINT ["caixa-saldo"]

FROM runtime AS gateway
COPY --from=build-gateway /opt/caixa /opt/caixa
ENTRYPOINT ["caixa-gateway"]

FROM runtime AS operator
# kopf asks for a user's name, which this one has not.
ENV LOGNAME=caixa
COPY --from=build-operator /opt/caixa /opt/caixa
ENTRYPOINT ["kopf", "run", "--standalone", "--module=caixa_operator.main"]
