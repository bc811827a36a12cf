#!/usr/bin/env bash
# Makes .venv with everything that building, testing and running crmdesk needs, and installs the system
# libraries Qt wants. Repeats nothing that is done already. Without root or sudo it says which system
# packages are missing and goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*"; }

# --- system packages -------------------------------------------------------------------------------------

LIBRARIES=$(PATH="$PATH:/sbin" ldconfig -p 2>/dev/null || true)

have_library() { [[ "$LIBRARIES" == *"$1 ("* ]]; }

missing_packages() {
    local pair PATH="$PATH:/usr/sbin:/sbin"
    for pair in \
        libglib-2.0.so.0=libglib2.0-0 libEGL.so.1=libegl1 libGL.so.1=libgl1 libX11.so.6=libx11-6 \
        libdbus-1.so.3=libdbus-1-3 libfontconfig.so.1=libfontconfig1 libxkbcommon.so.0=libxkbcommon0 \
        libxkbcommon-x11.so.0=libxkbcommon-x11-0 libxcb-cursor.so.0=libxcb-cursor0 \
        libxcb-icccm.so.4=libxcb-icccm4 libxcb-keysyms.so.1=libxcb-keysyms1 libxcb-shape.so.0=libxcb-shape0
    do
        have_library "${pair%%=*}" || echo "${pair#*=}"
    done
    # For the tests that need a real window or a keyring, read a PDF or lose packets, and for packaging.
    for pair in \
        Xvfb=xvfb xauth=xauth openbox=openbox xdotool=xdotool dbus-run-session=dbus \
        gnome-keyring-daemon=gnome-keyring objdump=binutils zstd=zstd \
        pdftotext=poppler-utils ip=iproute2 tc=iproute2 iptables=iptables
    do
        command -v "${pair%%=*}" >/dev/null || echo "${pair#*=}"
    done
    # Server and tools for the tests that share one database; Debian keeps them off the PATH.
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
    command -v openssl >/dev/null || echo openssl
    local python
    python=$(find_python) || echo python3
    "${python:-false}" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

install_system_packages() {
    local packages as_root=()
    mapfile -t packages < <(missing_packages | sort -u)
    [ "${#packages[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "missing on this system (install what corresponds to these Debian packages): ${packages[*]}"
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            say "no right to install; going on without: ${packages[*]}"
            say "a person with that right runs: apt-get install --no-install-recommends ${packages[*]}"
            return 0
        fi
        as_root=(sudo -n)
    fi
    say "installing ${packages[*]}"
    "${as_root[@]}" apt-get update -q -o DPkg::Lock::Timeout=300
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${packages[@]}"
}

# --- Python ----------------------------------------------------------------------------------------------

is_suitable() {
    command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(not sys.version_info >= (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if is_suitable "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

fingerprint() { cat requirements-dev.txt pyproject.toml scripts/setup.sh | sha256sum; }

install_python_packages() {
    local python stamp=.venv/.crmdesk-setup
    if [ -x .venv/bin/crmdesk ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then
        return 0
    fi
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python) || { say "crmdesk needs Python 3.11 or newer; none was found."; exit 1; }
        say "making .venv with $("$python" --version)"
        "$python" -m venv .venv
    fi
    say "installing Python packages"
    # Everything comes by its hash; the build back end is among it, so the project itself needs no download.
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
    fingerprint > "$stamp"
}

install_system_packages
install_python_packages
