# One image for every process: web, engine, worker, and the commands of manage.py. docker-compose.yml shows them together.
FROM python:3.11-slim-bookworm AS packages
COPY requirements/runtime.txt /tmp/runtime.txt
# Wheels only, each with its hash: nothing is compiled, so no compiler is needed.
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
        -r /tmp/runtime.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 OFFBOARD_DATA=/data
RUN groupadd --gid 10001 offboard \
    && useradd --uid 10001 --gid offboard --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin offboard \
    && install -d -o offboard -g offboard -m 0750 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY manage.py ./
COPY static static
COPY templates templates
COPY offboarding offboarding
# Compiled here, since nothing in the image can be written to when it runs.
RUN python -m compileall -q offboarding
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "offboarding.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
