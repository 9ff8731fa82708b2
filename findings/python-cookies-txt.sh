#!/usr/bin/env bash
# Python 3.11.2 (Debian 12): http.cookiejar.MozillaCookieJar writes a cookies.txt that it cannot load itself, and one
# that makes curl send other bytes.
#
# A value may have a tab inside: browsers keep it, and so does http.cookiejar, which sends it back. save() writes it
# into a file whose columns are separated by tabs, without a word. load() then counts eight columns and gives up the
# whole file: one such cookie, of any site, and all sign-ins in the file are gone.
#
# Python takes the bytes of headers for Latin-1. A value of the two bytes c3 a9, which is é, is sent back as it came.
# save() encodes each byte once more, so that the file has c3 83 c2 a9, and curl 7.88.1 with this file sends those four.
# The other way round, load() reads the é of a file that curl has written, and Python sends the one byte e9.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian curl=7.88.1-10+deb12u15 python3.11=3.11.2-6+deb12u9 libpython3.11-stdlib=3.11.2-6+deb12u9 \
	python3.11-minimal=3.11.2-6+deb12u9 libpython3.11-minimal=3.11.2-6+deb12u9

cat >"$room/seen.py" <<'PY'
import http.cookiejar, http.server, subprocess, sys, threading, urllib.request

room, line, cookie = sys.argv[1], None, None


class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass

    def do_GET(self):
        global cookie
        cookie = self.headers.get("Cookie", "").encode("latin-1").removeprefix(b"a=")
        self.send_response(200)
        if self.path == "/set":
            self._headers_buffer.append(b"Set-Cookie: a=" + line + b"\r\n")
        self.send_header("Content-Length", "0")
        self.end_headers()


server = http.server.HTTPServer(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"


def python(path, load="", save=""):
    jar = http.cookiejar.MozillaCookieJar()
    if load: jar.load(load, ignore_discard=True)
    urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)).open(url + path)
    if save: jar.save(save, ignore_discard=True)
    return cookie


def curl(path, *options):
    subprocess.run(["curl", "-s", "--noproxy", "*", *options, url + path], check=True)
    return cookie


tab, own, other = room + "/tab.txt", room + "/own.txt", room + "/other.txt"
line = b"x\ty; Max-Age=600"
python("set", save=tab)
print("columns of the line", open(tab).readlines()[-1].count("\t") + 1)
try:
    python("next", load=tab)
    print("loads it again yes")
except http.cookiejar.LoadError:
    print("loads it again no")
line = b"\xc3\xa9; Max-Age=600"
python("set", save=own)
print("Python with its own file sends", python("next", load=own).hex())
print("curl with Python's file sends", curl("next", "-b", own).hex())
curl("set", "-c", other)
print("curl with its own file sends", curl("next", "-b", other).hex())
print("Python with curl's file sends", python("next", load=other).hex())
PY
LC_ALL=C.UTF-8 python3.11 -W ignore "$room/seen.py" "$room" >"$room/seen" || { cat "$room/seen" >&2; exit 1; }

seen() { sed -n "s/^$1 //p" "$room/seen"; }
saw "columns of a line with a tab in the value, as Python writes it" 8 "$(seen 'columns of the line')"
saw "it loads that file again" no "$(seen 'loads it again')"
saw "c3a9: Python with its own file sends" c3a9 "$(seen 'Python with its own file sends')"
saw "c3a9: curl with Python's file sends" c383c2a9 "$(seen "curl with Python's file sends")"
saw "c3a9: curl with its own file sends" c3a9 "$(seen 'curl with its own file sends')"
saw "c3a9: Python with curl's file sends" e9 "$(seen "Python with curl's file sends")"
