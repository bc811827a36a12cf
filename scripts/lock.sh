#!/usr/bin/env bash
# Writes the hashed lists of packages anew, for all platforms and without the address of any index.
# Needs `uv`; run it after a change of the dependencies in pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."

UV=$(command -v .venv/bin/uv || command -v uv) || { echo "lock: uv is not installed" >&2; exit 1; }
compile() {
    "$UV" pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
        --generate-hashes --no-header --no-annotate --no-emit-index-url "$@"
}
compile --output-file requirements.txt
compile --extra dev --output-file requirements-dev.txt
