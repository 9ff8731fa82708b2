#!/usr/bin/env bash
# Chromium 156.0.8078.108 (Debian 12): two ways to sign out, and only one of them is on disk.
#
# A cookie that is deleted by Set-Cookie with Max-Age=0 is gone from the jar and stays in the file for up to half a
# minute; a browser that is killed meanwhile shows it again. Clear-Site-Data: "cookies" is written at once, and the
# whole jar with it, not only its own site's part: a cookie that another site had set a moment before, which would have
# reached the disk after half a minute, is there too. "storage" does nothing of the kind.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian chromium=156.0.8078.108-1~deb12u1 chromium-common=156.0.8078.108-1~deb12u1
export CHROMIUM="$room/root/usr/lib/chromium/chromium" PYTHONPATH=lib

python3 - "$room" >"$room/seen" <<'PY'
import sys, tempfile, time
from browsers import Chromium, Server, wait_for

SECONDS = 6  # a turn is on disk after up to 30, whatever is flushed is there in less than one


def killed(host, *, settle, answer):
    """A page sets a ticket and calls /act on a host; the browser is killed; what does its next start show the page?"""
    server = Server({"/page": lambda r: ("<title>p</title><script>setInterval(() => fetch('/go').then(r => r.text())"
                                         f".then(t => {{ if (t) fetch('{host}:' + location.port + '/act', "
                                         "{credentials: 'include', mode: 'no-cors'}) }), 500)</script>",
                                         [("Set-Cookie", "ticket=1; Max-Age=86400")]),
                     "/go": lambda _: ("go" if go and not server.saw("/act") else "", []),
                     "/act": lambda _: ("", answer), "/again": lambda _: ("<title>a</title>", [])})
    go = False
    b = Chromium(tempfile.mkdtemp(dir=sys.argv[1]))
    try:
        b.open(server.url("/page"))
        wait_for("the page", lambda: server.saw("/go"))
        if settle:
            wait_for("the ticket on disk", lambda: b.database())
        go = True
        wait_for("the act", lambda: server.saw("/act"))
        time.sleep(SECONDS)
        b.kill()
        b.open(server.url("/again"))
        wait_for("the new start", lambda: server.saw("/again"))
        return server.saw("/again")[0][2] or "none"
    finally:
        b.kill()


HERE, ELSEWHERE = "http://127.0.0.1", "http://localhost"
print(killed(HERE, settle=True, answer=[("Set-Cookie", "ticket=; Max-Age=0")]))
print(killed(HERE, settle=True, answer=[("Clear-Site-Data", '"cookies"')]))
print(killed(ELSEWHERE, settle=False, answer=[]))
print(killed(ELSEWHERE, settle=False, answer=[("Clear-Site-Data", '"storage"')]))
print(killed(ELSEWHERE, settle=False, answer=[("Clear-Site-Data", '"cookies"')]))
PY
mapfile -t seen <"$room/seen"
saw 'on disk, then deleted by Max-Age=0, killed after 6 s' ticket=1 "${seen[0]}"
saw 'on disk, then Clear-Site-Data: "cookies", killed after 6 s' none "${seen[1]}"
saw 'just set, killed' none "${seen[2]}"
saw 'just set, another site says Clear-Site-Data: "storage", killed' none "${seen[3]}"
saw 'just set, another site says Clear-Site-Data: "cookies", killed' ticket=1 "${seen[4]}"
