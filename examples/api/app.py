"""A tiny site that signs its users in by the session API of Coatcheck, without any SDK.

    PORT=3000 COATCHECK_KEY=coatcheck.... python3 app.py      # COATCHECK_API is http://localhost:8082 by default
"""
import json
import os
from hmac import compare_digest
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

API, KEY = os.environ.get("COATCHECK_API", "http://localhost:8082"), os.environ["COATCHECK_KEY"]
USERS = {"ada": "lovelace", "alan": "turing"}


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        told = self.session("check")
        self.answer(200, f"You are {escape(told['user'] or 'nobody')}.\n", told)

    def do_POST(self):
        form = parse_qs(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 9999)).decode())
        user, password = (form.get(name, [""])[0] for name in ("user", "password"))
        if self.path == "/logout":
            self.answer(200, "Signed out.\n", self.session("sign-out"))
        elif self.path == "/login" and compare_digest(USERS.get(user, " ").encode(), password.encode()):
            self.answer(200, "Welcome.\n", self.session("", user=user, by="password"))
        else:
            self.answer(401, "Please try again.\n", {})

    def session(self, act, **more):
        """Asks for the visitor who is here: check, sign-out, or "" for a new session."""
        visitor = {"cookie": "; ".join(self.headers.get_all("Cookie") or []), "address": self.client_address[0],
                   "user_agent": self.headers.get("User-Agent", "")}
        request = Request(f"{API}/v1/sessions/{act}".rstrip("/"), json.dumps(visitor | more).encode(),
                          {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
        with urlopen(request, timeout=5) as response:
            return json.load(response)

    def answer(self, status, text, told):
        self.send_response(status)
        for line in told.get("set_cookie", []):
            self.send_header("Set-Cookie", line)
        self.send_header("Cache-Control", "private, no-store")
        self.end_headers()
        self.wfile.write(text.encode())

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (HTTPError, URLError, TimeoutError):  # nobody can tell: the visitor keeps the cookie
            self.answer(503, "Please try again later.\n", {})


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 3000))), Site).serve_forever()
