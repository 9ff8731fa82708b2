#!/usr/bin/env bash
# Firefox ESR 153.8.0 (Debian 12): a session cookie on disk is as old as the last thing that the user did.
#
# Cookies without an expiry are kept in the file of the session store, which is written every 15 seconds, and only if
# something has happened to a window or tab. A cookie that changes is no such thing. So a page that nobody touches and
# that has its session cookie replaced by fetch every second has an ever older one on disk: 135 seconds old when the
# browser was killed 150 seconds after the first copy was written. The cookie with Max-Age that comes in the same
# response is on disk within a second or two.
#
# After kill -9 the next start restores both by itself, so that one request shows two cookies of one response that are
# minutes apart.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian firefox-esr=153.8.0esr-1~deb12u1
export FIREFOX="$room/root/usr/lib/firefox-esr/firefox-esr" PYTHONPATH=lib

python3 - "$room" >"$room/seen" <<'PY'
import sys, tempfile, time
from browsers import Firefox, Server, wait_for

turned = []


def turn(_):
    turned.append(time.time())
    k = len(turned)
    return "", [("Set-Cookie", f"lasting={k}; Max-Age=86400"), ("Set-Cookie", f"session={k}")]


server = Server({"/page": lambda _: ("<title>p</title><script>setInterval(() => fetch('/turn'), 1000)</script>", []),
                 "/turn": turn, "/again": lambda _: ("<title>a</title>", [])})
b = Firefox(tempfile.mkdtemp(dir=sys.argv[1]))
try:
    b.open(server.url("/page"))
    wait_for("a session cookie on disk", lambda: (b.session_cookies() or {}).get("session"))
    time.sleep(150)
    killed = time.time()
    b.kill()
    b.open(server.url("/again"))
    wait_for("the new start", lambda: server.saw("/again"))
    shown = dict(c.split("=") for c in server.saw("/again")[0][2].split("; "))
    lasting, session = (killed - turned[int(shown[n]) - 1] for n in ("lasting", "session"))
    print("yes" if lasting < 10 else f"no, {lasting:.0f}")
    print("yes" if session > 90 else f"no, {session:.0f}")
    print(f"the one was set {lasting:.1f} s, the other {session:.1f} s before the kill", file=sys.stderr)
finally:
    b.kill()
PY
mapfile -t seen <"$room/seen"
saw 'the lasting cookie is less than 10 s old' yes "${seen[0]}"
saw 'the session cookie of the same responses is more than 90 s old' yes "${seen[1]}"
