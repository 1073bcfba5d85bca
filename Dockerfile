# hpm in a container: docker build --tag hpm . && docker run --rm --publish 127.0.0.1:8080:8080 hpm
# Before a port is published to others, make a key: README.md, "In a container".

FROM swift:6.3-bookworm AS build
WORKDIR /source
# The libraries first: this layer is kept while only the source changes.
COPY Scripts/install-packages Scripts/
RUN Scripts/install-packages
COPY . .
# libarchive goes into the program, the objects for tar and zip alone: its shared library, which the linker would take first, brings
# libxml2 and ICU for a kind of archive that is never read, 38 MB. The four libraries are those that unpack members.
RUN rm "$(pkg-config --variable=libdir libarchive)/libarchive.so"
# The Swift libraries go into it too, so that the image needs no Swift.
RUN swift build --configuration release --product hpm --static-swift-stdlib \
    -Xlinker -l:libbz2.so.1.0 -Xlinker -l:liblzma.so.5 -Xlinker -l:libnettle.so.8 -Xlinker -l:libzstd.so.1 \
  && install -D --strip "$(swift build --configuration release --static-swift-stdlib --show-bin-path)/hpm" /installed/bin/hpm \
  && mkdir -p /installed/share/hpm \
  && cp --recursive Public Models LICENSE /installed/share/hpm/

FROM debian:bookworm-slim
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    libbz2-1.0 libdnnl2 libgomp1 liblzma5 libnettle8 libpng16-16 libsqlite3-0 libssl3 libturbojpeg0 libwebp7 libwebpdemux2 libzstd1 zlib1g \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
COPY --from=build /installed/ /usr/local/
# The one folder that is written to. A named volume takes over its owner.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/hpm
VOLUME /var/lib/hpm
USER 10001:10001
WORKDIR /var/lib/hpm
# Every address of the container; which of them others reach is the publisher's choice.
ENV HPM_HOST=0.0.0.0 HPM_PORT=8080 HPM_HOME=/var/lib/hpm
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["hpm", "health"]
ENTRYPOINT ["hpm"]
CMD ["serve"]
LABEL org.opencontainers.image.title="hpm" \
  org.opencontainers.image.description="Hard Patches Mining as a service: predicted losses, hard masks and pre-training of masked autoencoders" \
  org.opencontainers.image.licenses="Apache-2.0"
