# The same steps as `make env` and `make web`, with the runtime lock alone in the final image.
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN make env web \
 && scripts/runtime_env.sh \
 && rm -rf web/node_modules

FROM python:3.11-slim
RUN useradd --system --home-dir /app --uid 10001 auction \
 && install -d -o auction -g auction -m 700 /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH AUCTION_HOST=0.0.0.0 AUCTION_DATA_DIR=/data
USER auction
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s CMD ["auction-engine", "health"]
ENTRYPOINT ["auction-engine"]
CMD ["serve"]
