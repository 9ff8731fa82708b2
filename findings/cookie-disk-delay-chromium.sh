#!/usr/bin/env bash
# Chromium 156.0.8078.108 (Debian 12): a cookie that was set, and even shown to the server again, is on disk up to half
# a minute later.
#
# Changes of cookies are written in batches, 30 seconds after the first of each. A browser that is killed meanwhile
# comes back with the cookie before: in 180 rounds the oldest lost one was 29.3 s old, and one that had reached the disk
# was there 29.1 s after its Set-Cookie at the latest. So a rotated ticket that the server has seen may be gone, and
# its predecessor may be back.
#
# usage: cookie-disk-delay-chromium.sh [ROUNDS]    30 unless said otherwise
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian chromium=156.0.8078.108-1~deb12u1 chromium-common=156.0.8078.108-1~deb12u1
export CHROMIUM="$room/root/usr/lib/chromium/chromium" PYTHONPATH=lib

python3 - "$room" "${1:-30}" >"$room/seen" <<'PY'
import sys
from browsers import Chromium
from disk_delay import measure

measure(Chromium, sys.argv[1], int(sys.argv[2]), longest=60)
PY
lost=$(cat "$room/seen")
saw 'the oldest cookie lost is between 15 and 32 s old' yes "$(awk "BEGIN { print ($lost > 15 && $lost < 32) ? \"yes\" : \"no, $lost\" }")"
