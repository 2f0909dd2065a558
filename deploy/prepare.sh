#!/bin/sh
# Makes what docker-compose.yml needs and no repository may hold: keys, a password, and an inventory that trusts the keys.
# What is there already is kept.
#   sh deploy/prepare.sh
set -eu
umask 077
cd "$(dirname "$0")/.."
mkdir -p secrets inventory releases
[ -e secrets/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -C 'zkferry worker' -f secrets/id_ed25519
[ -e secrets/zookeeper_host_key ] || ssh-keygen -q -t ed25519 -N '' -C 'zookeeper hosts' -f secrets/zookeeper_host_key
[ -e .env ] || printf 'TEMPORAL_POSTGRES_PASSWORD=%s\n' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >.env
fingerprint=$(ssh-keygen -lf secrets/zookeeper_host_key | grep -o 'SHA256:[A-Za-z0-9+/]*')
[ -e inventory/compose.yaml ] || sed "s|HOST_KEY_FINGERPRINT|$fingerprint|" deploy/inventory.yaml >inventory/compose.yaml
# The image runs as uid 1000, which must read what only its owner may.
if [ "$(id -u)" = 0 ]; then
  chown -R 1000:1000 secrets inventory releases
elif [ "$(id -u)" != 1000 ]; then
  echo "prepare: the containers run as uid 1000: make it the owner of secrets, inventory and releases" >&2
fi
echo "ready: docker compose up -d --build"
