# syntax=docker/dockerfile:1
FROM python:3.12-slim AS build
WORKDIR /src
COPY locks/ locks/
RUN python -m venv /opt/cunlu \
 && /opt/cunlu/bin/pip install --no-cache-dir --require-hashes -r locks/pip.txt \
 && /opt/cunlu/bin/pip install --no-cache-dir --require-hashes -r locks/runtime.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY api/ api/
COPY dispatch/ dispatch/
COPY routing/ routing/
RUN /opt/cunlu/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
COPY --from=build /opt/cunlu /opt/cunlu
ENV PATH=/opt/cunlu/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/tmp/numba
RUN useradd --uid 10001 --create-home cunlu && install -d -o cunlu /data
USER cunlu
WORKDIR /data
VOLUME /data
EXPOSE 8000
CMD ["cunlu", "serve", "--host", "0.0.0.0", "--port", "8000"]
