#!/usr/bin/env bash
# Runs every benchmark with its default sizes (the short form; options ask for the full sizes); goes on after
# a failure and says at the end which failed.
# Standard output holds what the scripts print; each ends with one JSON object on a line of its own.
set -uo pipefail
cd "$(dirname "$0")/.."
export QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-offscreen}"

failed=()
for script in benchmarks/[a-z]*.py; do
    grep -q '__main__' "$script" 2>/dev/null || continue
    echo "== $script"
    .venv/bin/python "$script" || failed+=("$script")
done
if [ "${#failed[@]}" -gt 0 ]; then
    echo "bench: failed: ${failed[*]}" >&2
    exit 1
fi
