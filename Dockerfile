# Small, CPU only, not root. Docker's default profiles forbid the namespaces that the sandbox is made of, and there is
# no weaker wall to fall back to: compose.yaml brings profiles that allow them. Without these the bot answers, but runs
# no code; it says so in the thread, and `doctor` says it in a table.
#
#   docker compose up goalkeeper
#   docker compose run --rm goalkeeper doctor
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap ca-certificates tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 goalkeeper \
    && install --directory --owner goalkeeper --group goalkeeper /data

WORKDIR /app
COPY requirements.lock ./
COPY scripts/torch.sh ./scripts/
RUN scripts/torch.sh python \
    && python -m pip install --no-cache-dir --disable-pip-version-check --requirement requirements.lock
COPY sandbox ./sandbox
RUN python -m sandbox install
COPY agent_core ./agent_core
COPY playground ./playground
COPY bot ./bot

# Inside the container every address is the container's own: the playground is served to the published port,
# and asks for the token that it prints.
ENV DATA_DIR=/data \
    PLAYGROUND_BIND=0.0.0.0 \
    PYTHONUNBUFFERED=1
USER goalkeeper
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGINT
ENTRYPOINT ["tini", "--", "python", "-m", "bot"]
CMD ["all"]
