# KECS in a container: docs/guides/testcontainers.md. `make image` builds it.
#
# BASE needs Python 3.11 or newer with pip, and a shell. Nothing here needs BuildKit, or a network beyond what pip uses.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /source
# What changes seldom comes first. pip installs into an environment that has no pip of its own.
COPY requirements/image.txt requirements/
RUN python3 -m venv --without-pip /opt/kecs \
 && python3 -m pip --python /opt/kecs/bin/python install --quiet --no-cache-dir --require-hashes -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python3 -m pip --python /opt/kecs/bin/python install --quiet --no-cache-dir --no-deps --no-build-isolation .

FROM ${BASE}
LABEL org.opencontainers.image.title="KECS" \
      org.opencontainers.image.description="Amazon ECS on your own machine" \
      org.opencontainers.image.licenses="Apache-2.0"

# Written by hand, because not every base has useradd. Group 0 may write too: some platforms run a container as whichever
# user they like, but always in that group.
RUN echo 'kecs:x:5373:5373:KECS:/data:/sbin/nologin' >> /etc/passwd \
 && echo 'kecs:x:5373:' >> /etc/group \
 && mkdir /data \
 && chown 5373:0 /data \
 && chmod 0775 /data
ENV PATH=/opt/kecs/bin:$PATH \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    KECS_HOST=0.0.0.0 \
    KECS_DATA_DIR=/data
# A number, so that Kubernetes can tell that it is not root.
USER 5373
WORKDIR /data
VOLUME /data
EXPOSE 5373
HEALTHCHECK --interval=5s --timeout=5s --retries=6 CMD ["kecs", "status", "--quiet"]
ENTRYPOINT ["kecs"]
CMD ["start"]
COPY --from=build /opt/kecs /opt/kecs
