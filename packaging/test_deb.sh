#!/usr/bin/env bash
# Unpacks the newest package into a folder of its own, plays the demo with it and drives it from outside: a server
# made from an empty database, complaints, clocks, letters, the register. Nothing of this checkout is in its reach:
# an empty environment, an empty home, another folder.
set -euo pipefail
cd "$(dirname "$0")/.."
CHECKOUT=$PWD

DEB=$(ls -t dist/crmdesk_*.deb 2>/dev/null | head -n 1)
[ -n "$DEB" ] || { echo "package-test: no package in dist/; run make package first" >&2; exit 1; }

ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
mkdir "$ROOT/home" "$ROOT/run" "$ROOT/unpacked"
chmod 700 "$ROOT/run"
dpkg-deb --extract "$DEB" "$ROOT/unpacked"

fail() { echo "package-test: $*" >&2; exit 1; }
crmdesk() {
    (cd "$ROOT/home" && env -i HOME="$ROOT/home" XDG_RUNTIME_DIR="$ROOT/run" PATH=/usr/bin:/bin LANG=C.UTF-8 \
        CRMDESK_KEY_FILE="$ROOT/home/keys.json" timeout 300 "$ROOT/unpacked/usr/bin/crmdesk" "$@")
}

for name in crmdesk crmdesk-open; do
    grep -q '^Exec=crmdesk' "$ROOT/unpacked/usr/share/applications/$name.desktop" || fail "$name.desktop is missing"
done
unresolved=$(find "$ROOT/unpacked/usr/lib/crmdesk" -name '*.so*' -path '*platforms/libq*' -exec ldd {} + | grep 'not found' || true)
[ -z "$unresolved" ] || fail "libraries missing: $unresolved"

crmdesk --help > "$ROOT/help.txt" || fail "crmdesk --help ended with $?"
echo "package-test: playing the demo"
crmdesk demo --headless "$ROOT/out" > "$ROOT/calls.jsonl" || fail "crmdesk demo --headless ended with $?"

[ -s "$ROOT/out/screens.json" ] || fail "no screens.json"
[ -s "$ROOT/calls.jsonl" ] || fail "no call popped"
pictures=$(find "$ROOT/out" -name '*.png' -size +4k | wc -l)
[ "$pictures" -gt 0 ] || fail "no picture was painted"
echo "package-test: complaints from an empty database to a letter and the register"
(cd "$ROOT/home" && env -i HOME="$ROOT/home" PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 \
    TESTED_PROGRAM="$ROOT/unpacked/usr/bin/crmdesk" "$CHECKOUT/.venv/bin/python" -m pytest -q -p no:cacheprovider \
    -c "$CHECKOUT/pyproject.toml" --rootdir "$CHECKOUT" "$CHECKOUT"/tests/blackbox/test_{whole_way,open_desk}.py) \
    || fail "the packaged program does not go the whole way"
echo "package-test: $(wc -l < "$ROOT/calls.jsonl") calls popped, $pictures pictures; $DEB works"
