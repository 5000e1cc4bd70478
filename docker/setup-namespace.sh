#!/bin/sh
# Creates the namespace and this package's search attributes on a server that may still be starting. You can run it again.
# Settings: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, RETENTION; TEMPORAL_CLI for a CLI outside the admin-tools image.
set -eu

cli() { "${TEMPORAL_CLI:-temporal}" "$@"; }
export TEMPORAL_ADDRESS="${TEMPORAL_ADDRESS:-temporal:7233}"
export TEMPORAL_NAMESPACE="${TEMPORAL_NAMESPACE:-default}"

try() { # try <command...>: retries for up to a minute
  left=30
  until "$@"; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      echo "gave up: $*" >&2
      return 1
    fi
    sleep 2
  done
}

have_namespace() {
  cli operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    cli operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${RETENTION:-72h}"
}

# It takes a moment until every part of the server knows a new namespace.
have_attributes() {
  known=$(cli operator search-attribute list --namespace "$TEMPORAL_NAMESPACE") || return 1
  missing=0
  for pair in TryOnTaskId:Keyword TryOnStatus:Keyword TryOnListingId:Keyword TryOnImageCount:Int TryOnAccount:Keyword; do
    echo "$known" | grep -qw "${pair%%:*}" && continue
    missing=1
    cli operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "${pair%%:*}" --type "${pair##*:}" ||
      return 1
  done
  [ "$missing" -eq 0 ]
}

try cli operator cluster health
try have_namespace
try have_attributes
echo "namespace $TEMPORAL_NAMESPACE is ready"
