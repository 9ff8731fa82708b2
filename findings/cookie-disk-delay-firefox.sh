#!/usr/bin/env bash
# Firefox ESR 153.8.0 (Debian 12): a cookie with Max-Age is on disk within a second or two.
#
# A browser that is killed meanwhile comes back with the cookie before: in 206 rounds the oldest lost one was 1.2 s old,
# and cookies reached the disk 0.5 to 2.2 s after their Set-Cookie.
#
# usage: cookie-disk-delay-firefox.sh [ROUNDS]    30 unless said otherwise
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian firefox-esr=153.8.0esr-1~deb12u1
export FIREFOX="$room/root/usr/lib/firefox-esr/firefox-esr" PYTHONPATH=lib

python3 - "$room" "${1:-30}" >"$room/seen" <<'PY'
import sys
from browsers import Firefox
from disk_delay import measure

measure(Firefox, sys.argv[1], int(sys.argv[2]), longest=12)
PY
lost=$(cat "$room/seen")
saw 'the oldest cookie lost is between 0.1 and 5 s old' yes "$(awk "BEGIN { print ($lost > 0.1 && $lost <= 5) ? \"yes\" : \"no, $lost\" }")"
