#!/usr/bin/env bash
# Runs Google's Node client of Cloud Tasks, as npm has it, against `sluice serve`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .ci/clients/sluice.sh

command -v npm >/dev/null || { apt-get -qq update && apt-get -qq install -y nodejs npm >/dev/null; }
# No lock file: it would hold the address of the registry. package.json has exact versions.
(cd .ci/clients && npm install --no-package-lock --no-audit --no-fund --loglevel=error)

export SLUICE_TASKS; SLUICE_TASKS=$(address)
proxy=$(address)
serve examples/load-balanced --tasks-listen "$SLUICE_TASKS" --google-proxy "$proxy" --google-proxy-ca "$work/ca"

eval "$("$sluice" env --google-proxy "$proxy" --google-proxy-ca "$work/ca")"
# No credentials are looked for on Google's metadata server.
export METADATA_SERVER_DETECTION=none
cd .ci/clients
npm test --silent || { cat "$work/log" >&2; exit 1; }
