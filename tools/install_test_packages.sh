#!/usr/bin/env bash
# Debian packages that the tests need: a browser, fonts to see CJK pages, Java for epubcheck.
set -euo pipefail

need=()
command -v chromium >/dev/null || need+=(chromium)
command -v java >/dev/null || need+=(default-jre-headless)
[ -n "$(fc-list :lang=ja 2>/dev/null | head -n 1)" ] || need+=(fontconfig fonts-noto-cjk)
[ ${#need[@]} -eq 0 ] && exit 0

if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "Installing for the tests: ${need[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
else
    echo "The tests need these packages: ${need[*]}" >&2
    echo "On Debian or Ubuntu: sudo apt-get install ${need[*]}" >&2
    exit 1
fi
