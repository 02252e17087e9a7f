# Sourced by the scripts beside it: a sluice of their own, on ports that are free, that
# ends with the script. Sets $sluice, the binary, and $work, a folder for the script.
work=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$work"
}
trap finish EXIT

fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

# SLUICE names a binary that is built already.
sluice=${SLUICE:-$work/sluice}
[ -x "$sluice" ] || go build -o "$sluice" ./cmd/sluice

# address prints a loopback address that nothing listens on, another one each time. The system
# gives nobody a port of this range by itself.
address() {
  local port
  for _ in $(seq 1 50); do
    port=$((20000 + RANDOM % 12000))
    if ! grep -qsx "$port" "$work/ports" && ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port" >>"$work/ports"
      echo "127.0.0.1:$port"
      return
    fi
  done
  return 1
}

# serve runs `sluice serve` with the arguments and waits until it listens everywhere.
serve() {
  : >"$work/log"
  "$sluice" serve --listen "$(address)" "$@" >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 1 1200); do
    if grep -q '^state is kept' "$work/log"; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/log" >&2
  fail "sluice serve did not get ready"
}
