#!/usr/bin/env bash
# Unpacks the newest package into a folder of its own, plays the demo with it and takes a complaint in, to a
# letter in Chinese, with nothing of this checkout in reach: an empty environment, an empty home, another folder.
set -euo pipefail
cd "$(dirname "$0")/.."

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
echo "package-test: a complaint with a letter in Chinese"
mkdir "$ROOT/desk"
crmdesk profile new --test "$ROOT/desk/profile" > "$ROOT/profile.txt" || fail "crmdesk profile new ended with $?"
ask() { crmdesk rpc --profile "$ROOT/desk/profile" || fail "crmdesk rpc ended with $?"; }
customer=$(echo '{"jsonrpc":"2.0","id":1,"method":"customer.create","params":{"name":"王芳"}}' | ask \
    | sed -n 's/.*"customer":{"id":"\([^"]*\)".*/\1/p')
complaint=01a1f677-aa80-7d33-a58e-b74317f34af2
received=$(date -u -d '-1 minute' +%Y-%m-%dT%H:%M:%SZ)
ask > "$ROOT/letter.jsonl" <<JSON
{"jsonrpc":"2.0","id":2,"method":"complaint.open","params":{"id":"$complaint","customer_id":"$customer","received_at":"$received","channel":"phone","category":"repair_again","what_happened":"刹车异响，同一故障第三次进站","remedy_wanted":"refund"}}
{"jsonrpc":"2.0","id":3,"method":"letter.make","params":{"complaint_id":"$complaint","kind":"acknowledgement","language":"zh","file":"$ROOT/letter.pdf"}}
JSON
grep -q '"unprintable":""' "$ROOT/letter.jsonl" || fail "no letter: $(cut -c1-400 "$ROOT/letter.jsonl")"
[ "$(head -c 5 "$ROOT/letter.pdf")" = "%PDF-" ] || fail "the letter is no PDF"
[ "$(stat -c %s "$ROOT/letter.pdf")" -gt 20000 ] || fail "the letter has no Chinese font in it"
crmdesk export register "$ROOT/register.csv" --profile "$ROOT/desk/profile" > "$ROOT/register.json" || fail "no register"
crmdesk verify "$ROOT/register.csv" > "$ROOT/verified.json" || fail "the register does not prove itself"
echo "package-test: $(wc -l < "$ROOT/calls.jsonl") calls popped, $pictures pictures; $DEB works"
