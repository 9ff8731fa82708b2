"""A loopback server and headless browsers with profiles of their own, ended by their process group."""

import glob
import http.server
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time


class Server:
    """Answers each request with what routes[path] returns: (body, [(header, value), ...])."""

    def __init__(self, routes, tls=None):
        self.requests = []  # (time, path, Cookie header)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = self.path.split("?")[0]
                outer.requests.append((time.time(), path, self.headers.get("Cookie")))
                if path not in routes:
                    self.send_error(404)
                    return
                body, headers = routes[path](self)
                self.send_response(200)
                for name, value in [("Content-Type", "text/html"), ("Cache-Control", "no-store"),
                                    ("Content-Length", str(len(body))), *headers]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a killed browser leaves broken connections

        self.http = Quiet(("127.0.0.1", 0), Handler)
        if tls:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, path, origin="http://127.0.0.1"):
        return f"{origin}:{self.http.server_address[1]}{path}"

    def saw(self, path):
        return [r for r in list(self.requests) if r[1] == path]


def wait_for(what, condition, seconds=300):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Browser:
    """One program with one profile, started anew as often as wanted."""

    def __init__(self, profile):
        self.profile, self.process = profile, None

    def open(self, url, *flags):
        with open(self.profile + ".log", "a") as log:
            self.process = subprocess.Popen([*self.command(), *flags, url], stdout=log, stderr=log,
                                            env=dict(os.environ, HOME=self.profile), start_new_session=True)

    def kill(self):
        """kill -9 for the whole process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def end(self, sig):
        """A signal to the browser process alone; it may take its time."""
        self.process.send_signal(sig)
        self.process.wait(120)
        self.kill()

    def database(self):
        """The cookie database as it is on disk at this moment, copied together with its journal."""
        with tempfile.TemporaryDirectory() as copy:
            for name in glob.glob(os.path.join(self.profile, self.cookie_file) + "*"):
                try:
                    shutil.copy(name, copy)
                except FileNotFoundError:
                    pass
            name = os.path.join(copy, os.path.basename(self.cookie_file))
            if not os.path.exists(name):
                return []
            connection = sqlite3.connect(name)
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute("SELECT * FROM " + self.table)]
            except sqlite3.DatabaseError:
                return None  # copied in the middle of a write
            finally:
                connection.close()

    def written(self):
        """Changes whenever the cookie database does."""
        files = sorted(glob.glob(os.path.join(self.profile, self.cookie_file) + "*"))
        try:
            return [os.stat(name).st_mtime_ns for name in files]
        except FileNotFoundError:
            return None


class Chromium(Browser):
    cookie_file, table = "Default/Cookies", "cookies"
    orderly = signal.SIGINT

    def command(self):
        headless = [] if os.environ.get("HEADFUL") else ["--headless"]
        return [os.environ["CHROMIUM"], *headless, "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--password-store=basic", "--disable-background-networking",
                "--disable-component-update", "--disable-extensions", "--user-data-dir=" + self.profile]

    def max_age(self, name):
        """The Max-Age that the cookie on disk was set with: its value there is encrypted."""
        return next((round((r["expires_utc"] - r["last_update_utc"]) / 1e6)
                     for r in self.database() or [] if r["name"] == name), None)


class Firefox(Browser):
    cookie_file, table = "cookies.sqlite", "moz_cookies"
    orderly = signal.SIGTERM
    quiet = {  # nothing of its own on the network
        "browser.aboutwelcome.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.enabled": False, "browser.shell.checkDefaultBrowser": False, "app.normandy.enabled": False,
        "extensions.getAddons.cache.enabled": False, "services.settings.server": "http://127.0.0.1:9/",
        "browser.safebrowsing.update.enabled": False, "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False, "browser.newtabpage.enabled": False,
    }

    def command(self):
        os.makedirs(self.profile, exist_ok=True)
        with open(os.path.join(self.profile, "user.js"), "w") as prefs:
            for name, value in self.quiet.items():
                prefs.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        return [os.environ["FIREFOX"], "--headless", "--no-remote", "--profile", self.profile]

    def value(self, name):
        return next((r["value"] for r in self.database() or [] if r["name"] == name), None)

    def session_cookies(self):
        """What the session store on disk holds of cookies without an expiry."""
        try:
            with open(os.path.join(self.profile, "sessionstore-backups/recovery.jsonlz4"), "rb") as f:
                return {c["name"]: c.get("value") for c in json.loads(lz4(f.read()[12:])).get("cookies", [])}
        except (FileNotFoundError, IndexError, ValueError):
            return None


def lz4(block):
    """One LZ4 block, after Mozilla's magic and length."""
    out, i = bytearray(), 0

    def length(n):
        nonlocal i
        if n == 15:
            while True:
                i += 1
                n += block[i - 1]
                if block[i - 1] != 255:
                    break
        return n

    while True:
        token = block[i]
        i += 1
        n = length(token >> 4)
        out += block[i:i + n]
        i += n
        if i >= len(block):
            return bytes(out)
        back = block[i] | block[i + 1] << 8
        i += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-back])
