#!/bin/sh
# Creates or updates the two databases of a Temporal server on PostgreSQL. You can run it again at any time.
# Settings: POSTGRES_HOST, POSTGRES_PORT, POSTGRES_USER, SQL_PASSWORD; SQL_TOOL for a tool outside the admin-tools image.
set -eu

tool() { # tool <database> <arguments...>
  database=$1
  shift
  "${SQL_TOOL:-temporal-sql-tool}" --plugin postgres12 --ep "${POSTGRES_HOST:-postgresql}" -p "${POSTGRES_PORT:-5432}" \
    -u "${POSTGRES_USER:-temporal}" --db "$database" "$@"
}

for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  tool "$database" create
  tool "$database" setup-schema -v 0.0
  # The schemas are inside the tool, so they match its version.
  tool "$database" update-schema --schema-name "postgresql/v12/${pair##*:}"
done
