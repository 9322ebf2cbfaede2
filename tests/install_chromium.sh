#!/bin/sh
# Make sure that the browser tests find a Chromium: install Debian's when that is possible, say what to do otherwise.
set -eu

for name in "${CHROMIUM:-}" chromium chromium-browser; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium here: the browser tests are skipped." \
        "Install it (Debian: sudo apt-get install chromium) or name it in CHROMIUM." >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3; do
    if apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends chromium >/dev/null; then
        exit 0
    fi
    echo "Installing Chromium failed (attempt $attempt of 3)." >&2
    sleep 5
done
exit 1
