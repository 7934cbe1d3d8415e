# gradviz on a CPU: `docker build -t gradviz .`, then `docker compose up` (docs/deploy.md).
# Building needs a network; running needs none.
FROM python:3.11-slim

# uv's name for the index of PyTorch's CPU builds: without it come 3 GB of CUDA.
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /usr/local/bin/uv

# Draws PNG, SVG and PDF. The fonts are for what Source Sans has not, and for the words of a PDF.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        chromium fonts-dejavu-core fonts-liberation \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt ./
RUN uv pip install --system --no-cache --torch-backend cpu --requirement requirements.txt

RUN useradd --create-home --uid 1000 gradviz \
    && mkdir /data \
    && chown gradviz /data

COPY app.py limits.toml ./
COPY .streamlit ./.streamlit
COPY pages ./pages
COPY gradviz ./gradviz
RUN python -m compileall -q app.py pages gradviz

# Streamlit binds to this machine only (.streamlit/config.toml); in a container that is nobody.
# Without a name for the browser it would ask a foreign host for this one's address.
ENV GRADVIZ_RUNS=/data/runs.db \
    GRADVIZ_DATA=/data/uploads \
    GRADVIZ_LIMITS=/app/limits.toml \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0

USER gradviz
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

# A wrong limit ends the container with a sentence, before anyone relies on it.
CMD ["sh", "-c", "python -m gradviz limits && exec python -m streamlit run app.py"]
