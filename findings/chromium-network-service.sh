#!/usr/bin/env bash
# Chromium 156.0.8078.108 (Debian 12): when the network service dies, a living page goes back in time.
#
# Cookies live in the network service, a process of its own. When that process alone is killed (memory ran out, say),
# the browser starts another one and nobody sees anything: tabs, scripts and timers go on. The new one reads the jar
# from disk, and that is up to half a minute old. From one request to the next, without a navigation or a restart, the
# page shows a cookie that was replaced, shows one that was deleted, and has no session cookies any more, not even
# those that are in the file.
#
# To a server that rotates its cookie this is a client that used the successor and then shows the predecessor, from
# the same device, in the same page, seconds later.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian chromium=156.0.8078.108-1~deb12u1 chromium-common=156.0.8078.108-1~deb12u1
export CHROMIUM="$room/root/usr/lib/chromium/chromium" PYTHONPATH=lib

python3 - "$room" >"$room/seen" <<'PY'
import os, signal, sys, tempfile, time
from browsers import Chromium, Server, wait_for

PAGE = """<title>p</title><script>
setInterval(() => fetch('/beat').then(r => r.text()).then(t => { if (t) fetch('/turn') }).catch(() => {}), 1000)
</script>"""
turn_now = False


def cookies(*lines):
    return [("Set-Cookie", line) for line in lines]


server = Server({
    "/page": lambda _: (PAGE, cookies("ticket=old; Max-Age=86400", "session=old", "gone=old; Max-Age=86400")),
    "/beat": lambda _: ("turn" if turn_now else "", []),
    "/turn": lambda _: ("", cookies("ticket=new; Max-Age=86400", "session=new", "gone=; Max-Age=0")),
})
b = Chromium(tempfile.mkdtemp(dir=sys.argv[1]))


def network_service():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                command = f.read()
            if b.profile in command and "network.mojom.NetworkService" in command:
                return int(pid)
        except OSError:
            pass


def beat():
    """The Cookie header of the next request that the page makes on its own."""
    n = len(server.saw("/beat"))
    wait_for("a beat", lambda: len(server.saw("/beat")) > n + 1)
    return server.saw("/beat")[-1][2] or "none"


try:
    b.open(server.url("/page"))
    wait_for("the first cookies on disk", lambda: len(b.database() or []) == 3)
    turn_now = True
    wait_for("the turn", lambda: server.saw("/turn"))
    turn_now = False
    time.sleep(2)
    print(beat())
    first = network_service()
    os.kill(first, signal.SIGKILL)
    wait_for("another network service", lambda: network_service() not in (None, first))
    time.sleep(2)
    print(beat())
    print(len(server.saw("/page")), "page load, browser", "alive" if b.process.poll() is None else "dead")
finally:
    b.kill()
PY
mapfile -t seen <"$room/seen"
saw 'before' 'ticket=new; session=new' "${seen[0]}"
saw 'after the network service was killed' 'ticket=old; gone=old' "${seen[1]}"
saw 'meanwhile' '1 page load, browser alive' "${seen[2]}"
