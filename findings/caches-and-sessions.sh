#!/usr/bin/env bash
# Five shared caches and answers that belong to a session: nginx 1.22.1, Varnish 7.1.1, Squid 5.7, HAProxy 2.6.12,
# Apache 2.4.71 (Debian 12), each with its cache switched on and nothing else said.
#
# - nginx: "X-Accel-Expires: 60" above "Cache-Control: private, no-store" is stored, below it is not: the first line
#   decides. Go writes headers in the order of the alphabet, others as the program set them.
# - Varnish: any Surrogate-Control but no-store takes the word away from Cache-Control, whatever it says itself:
#   answers with "max-age=0" or "private" in it are stored beside "Cache-Control: private, no-store".
# - CDN-Cache-Control (RFC 9213) is unknown to all five, in both directions.
# - Set-Cookie beside max-age: nginx and Varnish do not store it, Squid stores it without the cookie, HAProxy and
#   Apache hand the first visitor's cookie to the second. Where a directive names the field, only Apache does what it
#   says and keeps the answer without the cookie; HAProxy takes no-cache="Set-Cookie" for no-cache and
#   private="Set-Cookie" for nothing.
#
# Varnish compiles its configuration, so a C compiler has to be there.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian nginx=1.22.1-9+deb12u11 varnish=7.1.1-2+deb12u1 squid=5.7-2+deb12u6 squid-common=5.7-2+deb12u6 \
	haproxy=2.6.12-1+deb12u4 apache2-bin=2.4.71-1~deb12u1
chmod 755 "$room" # some of them change their user

python3 - "$room" "${LD_LIBRARY_PATH%%:*}" >"$room/seen" <<'PY'
import http.server, json, os, signal, socket, subprocess, sys, threading, time, urllib.parse

room, libraries = sys.argv[1:]
root = room + "/root"
served, processes = {}, []


class Origin(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that the query asks for; the body counts."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        served[url.path] = served.get(url.path, 0) + 1
        body = str(served[url.path]).encode()
        self.send_response(200)
        for name, value in json.loads(urllib.parse.unquote(url.query) or "[]"):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # caches that end reset their connections


origin = Quiet(("127.0.0.1", 0), Origin)
threading.Thread(target=origin.serve_forever, daemon=True).start()
behind = origin.server_address[1]


def folder(name):
    path = f"{room}/{name}"
    os.makedirs(path)
    os.chmod(path, 0o777)
    return path


def run(config, text, *command):
    with open(config, "w") as f:
        f.write(text)
    with open(config + ".log", "w") as log:
        processes.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))


def nginx(port):
    d = folder("nginx")
    kinds = "client_body", "proxy", "fastcgi", "uwsgi", "scgi"
    temporary = " ".join(f"{kind}_temp_path {d}/{kind};" for kind in kinds)
    run(d + "/conf", f"""daemon off; pid {d}/pid; {'user root;' if os.getuid() == 0 else ''} events {{}}
        http {{ access_log off; {temporary} proxy_cache_path {d}/cache keys_zone=z:1m; proxy_cache z;
        server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }} }}""",
        root + "/usr/sbin/nginx", "-p", d, "-c", d + "/conf", "-e", d + "/errors")


def varnish(port):
    d = folder("varnish")
    os.environ["LD_LIBRARY_PATH"] += f":{libraries}/varnish"
    run(d + ".vcl", f'vcl 4.1; backend b {{ .host = "127.0.0.1"; .port = "{behind}"; }}',
        root + "/usr/sbin/varnishd", "-F", "-n", d, "-a", f"127.0.0.1:{port}", "-f", d + ".vcl",
        "-s", "malloc,8m", "-j", "none")


def squid(port):
    d, share = folder("squid"), root + "/usr/share/squid"
    run(d + "/conf", f"""http_port 127.0.0.1:{port} accel defaultsite=site.test no-vhost
cache_peer 127.0.0.1 parent {behind} 0 no-query originserver
http_access allow all
cache_mem 8 MB
pid_filename {d}/pid
cache_log {d}/log
access_log none
coredump_dir {d}
mime_table {share}/mime.conf
icon_directory {share}/icons
error_directory {share}/errors/templates
unlinkd_program {root}/usr/lib/squid/unlinkd
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname site.test
""", root + "/usr/sbin/squid", "-N", "-f", d + "/conf")


def haproxy(port):
    d = folder("haproxy")
    run(d + "/conf", f"""defaults
 mode http
 timeout connect 5s
 timeout client 5s
 timeout server 5s
cache c
 total-max-size 4
frontend f
 bind 127.0.0.1:{port}
 http-request cache-use c
 http-response cache-store c
 default_backend b
backend b
 server s 127.0.0.1:{behind}
""", root + "/usr/sbin/haproxy", "-db", "-f", d + "/conf")


def apache(port):
    d = folder("apache")
    modules = "\n".join(f"LoadModule {m}_module {root}/usr/lib/apache2/modules/mod_{m}.so"
                        for m in ("mpm_event", "authz_core", "proxy", "proxy_http", "cache", "cache_disk"))
    run(d + "/conf", f"""{modules}
ServerRoot {d}
ServerName site.test
Listen 127.0.0.1:{port}
PidFile {d}/pid
DefaultRuntimeDir {d}
ErrorLog {d}/errors
User nobody
Group nogroup
CacheRoot {d}
CacheEnable disk /
ProxyPass / http://127.0.0.1:{behind}/
""", root + "/usr/sbin/apache2", "-DFOREGROUND", "-f", d + "/conf")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(port, path, headers):
    """One visitor: head and body of the answer."""
    query = urllib.parse.quote(json.dumps(headers, separators=(",", ":")), safe="")
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(f"GET {path}?{query} HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := s.recv(1 << 16):
            answer += more
    head, _, body = answer.decode("latin-1").partition("\r\n\r\n")
    return head, body


def wait_for(port):
    end = time.time() + 60
    while True:
        try:
            if " 200 " in get(port, "/ready", [])[0].split("\r\n")[0]:
                return
        except OSError:
            pass
        if time.time() > end:
            raise TimeoutError(f"port {port}")
        time.sleep(0.1)


CC, COOKIE, EDGE = "Cache-Control", ("Set-Cookie", "sid=1"), "Surrogate-Control"
answers = {
    "max-age=60": [(CC, "max-age=60")],
    "no-store": [(CC, "private, no-store")],
    "accel-below": [(CC, "private, no-store"), ("X-Accel-Expires", "60")],
    "accel-above": [("X-Accel-Expires", "60"), (CC, "private, no-store")],
    "surrogate-0": [(CC, "private, no-store"), (EDGE, "max-age=0")],
    "surrogate-private": [(CC, "private, no-store"), (EDGE, "private")],
    "cdn-60": [(CC, "private"), ("CDN-Cache-Control", "max-age=60")],
    "cdn-no-store": [(CC, "max-age=60"), ("CDN-Cache-Control", "no-store")],
    "cookie": [(CC, "max-age=60"), COOKIE],
    "private-cookie": [(CC, 'max-age=60, private="Set-Cookie"'), COOKIE],
    "no-cache-cookie": [(CC, 'max-age=60, no-cache="Set-Cookie"'), COOKIE],
}
try:
    ports = {}
    for start in (nginx, varnish, squid, haproxy, apache):
        ports[start.__name__] = free_port()
        start(ports[start.__name__])
    for port in ports.values():
        wait_for(port)
    for name, headers in answers.items():
        seen = []
        for cache, port in ports.items():
            path = f"/{cache}/{name}"
            _, first = get(port, path, headers)
            time.sleep(0.1)
            head, second = get(port, path, headers)
            seen.append("-" if second != first else "cookie" if "set-cookie:" in head.lower() else "stored")
        print(name, *seen)
finally:
    for p in processes:
        try:
            os.killpg(p.pid, signal.SIGTERM)
            p.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            p.kill()
PY

row() { saw "$1" "$2" "$(grep "^$1 " "$room/seen" | cut -d' ' -f2-)"; }
echo '                                                               nginx varnish squid haproxy apache'
row max-age=60 'stored stored stored stored stored'
row no-store '- - - - -'
row accel-below '- - - - -'
row accel-above 'stored - - - -'
row surrogate-0 '- stored - - -'
row surrogate-private '- stored - - -'
row cdn-60 '- - - - -'
row cdn-no-store 'stored stored stored stored stored'
row cookie '- - stored cookie cookie'
row private-cookie '- - - cookie stored'
row no-cache-cookie '- - - - stored'
