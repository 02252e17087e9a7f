#!/usr/bin/env bash
# Runs Google's Go clients and integrationcli, unmodified, against `sluice serve` in a shell that
# `sluice env` has set up: what they ask of *.googleapis.com is answered here.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .ci/clients/sluice.sh

api=$(address) proxy=$(address) tasks=$(address)
serve examples/integration-sync --integrations-listen "$api" --tasks-listen "$tasks" --google-proxy "$proxy" --google-proxy-ca "$work/ca"
environment=$("$sluice" env --url "http://$api" --google-proxy "$proxy" --google-proxy-ca "$work/ca")

# Built before the environment is set, because the build may need the real network.
go vet ./.ci/clients
go test -c -o "$work/clients.test" ./.ci/clients
. .ci/clients/integrationcli.sh
find_integrationcli

eval "$environment"
"$work/clients.test" -test.v || { cat "$work/log" >&2; exit 1; }
if [ -n "$integrationcli" ]; then try_integrationcli; fi
