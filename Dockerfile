# The program for every service of docker-compose.yml. The data folder is a volume; nothing else is written.
FROM python:3.11-slim

# For example --build-arg PIP_ARGS="--extra-index-url ..." to take torch from PyTorch's index for CPUs, which is smaller.
ARG PIP_ARGS=""

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    CATALOG_AUDIT_DATA=/data

WORKDIR /app

COPY requirements.txt ./
RUN pip install ${PIP_ARGS} -r requirements.txt

COPY manage.py ./
COPY catalog_audit catalog_audit
COPY inference inference
COPY locale locale
COPY static static
COPY templates templates

RUN pybabel --quiet compile --domain django --directory locale \
    && python -m compileall -q catalog_audit inference \
    && useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin catalog-audit \
    && install --directory --owner catalog-audit --group catalog-audit /data

USER catalog-audit
VOLUME /data
EXPOSE 8000
