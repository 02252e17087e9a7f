# Sourced by integrations.sh: where integrationcli comes from, and what is done with it.
#
# `go install` refuses it, because its go.mod replaces modules by its own folders; so it is built
# of its source, which the commit pins. SLUICE_INTEGRATIONCLI names one that is there already.
integrationcli_source=https://github.com/GoogleCloudPlatform/application-integration-management-toolkit
integrationcli_version=v0.86.0
integrationcli_commit=d6fa5271afda550c316578bed5549823ba693b6f

# find_integrationcli sets $integrationcli, to nothing where its source cannot be reached.
find_integrationcli() {
  integrationcli=${SLUICE_INTEGRATIONCLI:-}
  [ -z "$integrationcli" ] || return 0
  local source=$work/integrationcli-source
  if ! timeout 60 git -c advice.detachedHead=false clone --quiet --depth 1 --branch "$integrationcli_version" "$integrationcli_source" "$source"; then
    echo "NOT RUN: integrationcli $integrationcli_version, because $integrationcli_source cannot be reached; SLUICE_INTEGRATIONCLI=/path/to/integrationcli runs it"
    return 0
  fi
  [ "$(git -C "$source" rev-parse HEAD)" = "$integrationcli_commit" ] || fail "integrationcli $integrationcli_version is not the commit $integrationcli_commit"
  integrationcli=$work/integrationcli
  go build -C "$source" -o "$integrationcli" ./cmd/integrationcli
}

# cli runs a command of integrationcli and prints what it answers. Any token is good.
cli() {
  HOME=$work "$integrationcli" integrations "$@" -p local -r us-central1 -t any --disable-check 2>&1
}

# answers asserts that a command succeeds, and that its answer has a text for each argument before
# the --, or has none for one that begins with !.
answers() {
  local want=() text w
  while [ "$1" != -- ]; do want+=("$1"); shift; done
  shift
  text=$(cli "$@") || fail "integrationcli $*: $text"
  for w in "${want[@]}"; do
    case $w in
      !*) [[ $text != *"${w#!}"* ]] || fail "integrationcli $*: $text"$'\n'"has ${w#!}" ;;
      *) [[ $text == *"$w"* ]] || fail "integrationcli $*: $text"$'\n'"has no $w" ;;
    esac
  done
  printf 'ok   %s\n' "$*"
}

# refuses asserts that a command fails, and that it says a text.
refuses() {
  local want=$1 text
  shift 2
  ! text=$(cli "$@") || fail "integrationcli $*: succeeded: $text"
  [[ $text == *"$want"* ]] || fail "integrationcli $*: $text"$'\n'"has no $want"
  printf 'ok   %s (refused)\n' "$*"
}

# try_integrationcli walks through the life of an integration.
try_integrationcli() {
  local example=examples/integration-sync/integrations/price-order.json
  # Kept executions can be listed; the example keeps none.
  sed 's/"databasePersistencePolicy": "DATABASE_PERSISTENCE_DISABLED"/"userLabel": "first"/' "$example" >"$work/order.json"
  grep -q '"userLabel": "first"' "$work/order.json" || fail "$example has no databasePersistencePolicy to replace"
  cat >"$work/request.json" <<'JSON'
{"triggerId": "api_trigger/price-order_API_1", "inputParameters": {"order": {"jsonValue": "{\"customer\": \"Ada\", \"items\": [{\"price\": 4.5, \"quantity\": 2}]}"}}}
JSON

  answers '/price-order"' '/find-customer"' '"active": true' -- list
  answers '"snapshotNumber": "1"' '"state": "ACTIVE"' -- versions list -n price-order --basic=true
  answers '"total": 13.9' '"executionId"' -- execute -n price-order -f "$work/request.json"

  answers '"state": "DRAFT"' '"userLabel": "first"' -- create -n cli -f "$work/order.json"
  refuses 'was not found' -- execute -n cli -f "$work/request.json"
  answers '{}' -- versions publish -n cli --user-label first
  answers '"state": "ACTIVE"' -- versions list -n cli --filter state=ACTIVE --basic=true
  answers '"items": 1' '"shipping": 4.9' '"total": 13.9' -- execute -n cli -f "$work/request.json"
  answers '"state": "SUCCEEDED"' '"triggerId": "api_trigger/price-order_API_1"' -- executions list -n cli
  refuses 'Trigger \"api_trigger/none\" was not found' -- execute -n cli --trigger-id none

  { printf '{"fileFormat": "JSON", "content": "'; tr '\n' ' ' <"$example" | sed 's/\\/\\\\/g; s/"/\\"/g'; printf '"}'; } >"$work/upload.json"
  answers '"snapshotNumber": "2"' '"state": "DRAFT"' -- upload -n cli -f "$work/upload.json"
  answers '{}' -- versions publish -n cli -s 2
  answers '"snapshotNumber": "2"' '!"snapshotNumber": "1"' -- versions list -n cli --filter state=ACTIVE --basic=true
  answers '"snapshotNumber": "1"' -- versions get -n cli -s 1 --minimal
  answers '{}' -- versions unpublish -n cli -s 2
  answers '!ACTIVE' -- versions list -n cli --filter state=ACTIVE
  answers '{}' -- versions delete -n cli -s 1
  answers '"state": "ARCHIVED"' '"state": "SNAPSHOT"' -- versions list -n cli --basic=true # deleting a version archives it

  mkdir "$work/exported" "$work/scaffold"
  answers 'Downloaded version' -- export -f "$work/exported"
  ls "$work/exported"/cli+2+*.json >/dev/null || fail "the export has no file of cli"
  answers 'Storing the Integration' -- scaffold -n price-order -s 1 -f "$work/scaffold" --skip-connectors --skip-authconfigs
  answers 'Publish integration price-order' -- apply -f "$work/scaffold" --wait
  answers '"total": 13.9' -- execute -n price-order -f "$work/request.json"

  answers '{}' -- delete -n cli
  answers '!integrations/cli"' -- list
  refuses 'was not found' -- execute -n cli -f "$work/request.json"
}
