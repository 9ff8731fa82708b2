#!/usr/bin/env bash
# Chromium 156.0.8078.108 (Debian 12): how it is asked to end decides what becomes of cookies.
#
# A page sets a cookie with Max-Age and a session cookie; three seconds later the browser gets a signal, and is started
# again on the same profile without any wish to restore something. After SIGTERM, which service managers and containers
# send, all that was set since the last write is gone, up to half a minute of it, although the browser ends by itself
# within a second and the next start takes it for an orderly end. SIGINT and SIGHUP write the cookies first. SIGTERM and
# SIGINT did the same with windows under Xvfb.
#
# If everything is on disk already, it is the other way round with the session cookie: it outlives kill -9 and is
# shown by a plain new start, and it is gone after each of the three signals. So a "session cookie" survives a crash
# without anybody restoring a session, however long the browser then stays closed.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian chromium=156.0.8078.108-1~deb12u1 chromium-common=156.0.8078.108-1~deb12u1
export CHROMIUM="$room/root/usr/lib/chromium/chromium" PYTHONPATH=lib

shown() { # SIGNAL soon|late
	python3 - "$room" "$@" <<'PY'
import signal, sys, tempfile, time
from browsers import Chromium, Server, wait_for

room, name, when = sys.argv[1:]
server = Server({
    "/set": lambda _: ("<title>s</title>", [("Set-Cookie", "kept=1; Max-Age=86400"), ("Set-Cookie", "session=1")]),
    "/show": lambda _: ("<title>s</title>", []),
})
b = Chromium(tempfile.mkdtemp(dir=room))
b.open(server.url("/set"))
wait_for("the page", lambda: server.saw("/set"))
if when == "soon":
    time.sleep(3)
else:
    wait_for("both cookies on disk", lambda: len(b.database() or []) == 2)
if name == "KILL":
    b.kill()
else:
    b.end(getattr(signal, "SIG" + name))
b.open(server.url("/show"))
wait_for("the new start", lambda: server.saw("/show"))
b.kill()
print(server.saw("/show")[0][2] or "none")
PY
}

saw 'SIGTERM after 3 s, shown by the next start' none "$(shown TERM soon)"
saw 'SIGHUP after 3 s' kept=1 "$(shown HUP soon)"
saw 'SIGINT after 3 s' kept=1 "$(shown INT soon)"
saw 'kill -9 after 3 s' none "$(shown KILL soon)"
saw 'SIGTERM when all is on disk' kept=1 "$(shown TERM late)"
saw 'SIGINT when all is on disk' kept=1 "$(shown INT late)"
saw 'kill -9 when all is on disk' 'kept=1; session=1' "$(shown KILL late)"
