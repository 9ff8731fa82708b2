#!/usr/bin/env bash
# Chromium 156.0.8078.108 (Debian 12, software keys), device bound sessions: the session is on disk long before the
# cookies it is made of, so a crash leaves a key without a cookie.
#
# A registration is written after two seconds, Set-Cookie after up to thirty. A browser that is killed in between knows
# the session and none of its cookies. Its next start holds the first request back and sends POST /refresh without any
# Cookie header at all, only Sec-Secure-Session-Id, and so gets its bound cookie back: the request that the user sees is
# signed in again. The long-lived cookie that was set beside it is not restored by anybody.
#
# A refresh endpoint that wants to see a cookie before it looks at the proof signs such a user out, though the key is
# there; one that does not can tell a browser that lost its jar from a copied jar.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian chromium=156.0.8078.108-1~deb12u1 chromium-common=156.0.8078.108-1~deb12u1
export CHROMIUM="$room/root/usr/lib/chromium/chromium" PYTHONPATH=lib

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=site.test -addext subjectAltName=DNS:site.test \
	-keyout "$room/key.pem" -out "$room/cert.pem" 2>/dev/null
pin=$(openssl x509 -in "$room/cert.pem" -pubkey -noout | openssl pkey -pubin -outform der |
	openssl dgst -sha256 -binary | base64)

python3 - "$room" "$pin" >"$room/seen" <<'PY'
import glob, json, os, shutil, sqlite3, ssl, sys, tempfile, time
from browsers import Chromium, Server, wait_for

room, pin = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(f"{room}/cert.pem", f"{room}/key.pem")
ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def bind(_):
    return json.dumps({
        "session_identifier": "s1", "refresh_url": "/refresh",
        "scope": {"origin": server.url("", "https://site.test"), "include_site": False, "scope_specification": []},
        "credentials": [{"type": "cookie", "name": "bound", "attributes": ATTRIBUTES}],
    }), [("Set-Cookie", f"bound=1; Max-Age=600; {ATTRIBUTES}")]


server = Server({
    "/in": lambda _: ("<title>i</title>", [
        ("Secure-Session-Registration", '(ES256 RS256);path="/register";challenge="c"'),
        ("Set-Cookie", f"bound=0; Max-Age=600; {ATTRIBUTES}"),
        ("Set-Cookie", f"long=1; Max-Age=864000; {ATTRIBUTES}")]),
    "/register": bind, "/refresh": bind, "/again": lambda _: ("<title>a</title>", []),
}, tls)
b = Chromium(tempfile.mkdtemp(dir=room))


def bound_sessions():
    """How many sessions are on disk."""
    with tempfile.TemporaryDirectory() as copy:
        for name in glob.glob(os.path.join(b.profile, "Default", "Device Bound Sessions*")):
            shutil.copy(name, copy)
        try:
            connection = sqlite3.connect(os.path.join(copy, "Device Bound Sessions"))
            return connection.execute("SELECT count(*) FROM dbsc_session_tbl").fetchone()[0]
        except sqlite3.DatabaseError:
            return 0


def start(path):
    b.open(server.url(path, "https://site.test"), "--host-resolver-rules=MAP site.test 127.0.0.1",
           "--ignore-certificate-errors-spki-list=" + pin,
           "--enable-features=DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting")


try:
    start("/in")
    wait_for("the registration", lambda: server.saw("/register"))
    wait_for("the session on disk", bound_sessions, 20)
    time.sleep(2)
    print(bound_sessions(), len(b.database()))
    b.kill()
    start("/again")
    wait_for("the new start", lambda: server.saw("/again"))
    for _, path, cookies in server.requests:
        if path in ("/refresh", "/again"):
            print(path, cookies or "none")
finally:
    b.kill()
PY
mapfile -t seen <"$room/seen"
saw 'on disk when killed: bound sessions, cookies' '1 0' "${seen[0]}"
saw 'first request of the new start, its cookies' '/refresh none' "${seen[1]}"
saw 'second one' '/again bound=1' "${seen[2]}"
