#!/usr/bin/env bash
# Starts the demo company: in a window where there is a display, otherwise as pictures in out/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -s)" in
    Linux | *BSD)
        if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
            echo "No display here: playing the demo without a window; its pictures go to out/demo."
            exec .venv/bin/crmdesk demo --headless out/demo "$@"
        fi
        ;;
esac
exec .venv/bin/crmdesk demo "$@"
