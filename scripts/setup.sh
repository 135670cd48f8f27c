#!/usr/bin/env bash
# Makes sure that what the build needs is there: installs it with apt where that is allowed, and otherwise says what to
# install. Does nothing, quickly, where everything is in place.
set -euo pipefail

missing=()
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
need cmake cmake
need c++ g++
need make make
need curl curl
need git git
need python3 python3
# The tests of the pages; nothing that is built needs them.
need node nodejs
need npm npm
need chromium chromium
if command -v python3 >/dev/null 2>&1 && ! python3 -m pip --version >/dev/null 2>&1; then
    missing+=(python3-pip)
fi
# SQLCipher is built against OpenSSL's libcrypto.
if command -v c++ >/dev/null 2>&1 \
    && ! printf '#include <openssl/crypto.h>\n' | c++ -E -x c - >/dev/null 2>&1; then
    missing+=(libssl-dev)
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: no Rust toolchain. Install Rust 1.95 or newer from https://rustup.rs and run this again." >&2
    exit 2
fi

[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    root=()
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    root=(sudo -n)
else
    root=(none)
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "${root[*]-}" = none ]; then
    echo "setup: missing: ${missing[*]}" >&2
    echo "setup: as an administrator, run:  apt-get install ${missing[*]}   (Debian, Ubuntu)" >&2
    echo "setup: elsewhere install the packages of the same names, then run this again." >&2
    exit 2
fi
echo "setup: installing ${missing[*]} with apt" >&2
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
