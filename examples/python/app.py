"""A small shop without any SDK. Coatcheck stands in front of it and keeps its sessions:

    PORT=3000 python3 app.py
    coatcheck serve --upstream http://127.0.0.1:3000

Who is asking stands in request headers that nobody but Coatcheck can set, as long as nothing else reaches this port.
"""
import json
import os
import re
from hmac import compare_digest
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote

USERS = {"ada": "lovelace", "alan": "turing", "grace": "hopper"}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A small shop</title>
<style>body {{ font: 16px sans-serif; max-width: 40em; margin: 2em auto; background: {paper}; color: {ink} }}</style>
<h1><a href="/">A small shop</a></h1>{body}</html>"""
HOME = """<p>{who}</p><ul>{cart}</ul>
<form method="post" action="/cart"><input name="item" value="tea" maxlength="40" required><button>Add to cart</button></form>
<form method="post" action="/theme"><button name="theme" value="light">Light</button><button name="theme" value="dark">Dark</button></form>"""
LOGIN = """<p>{message}</p><form method="post" action="/login"><input name="user" autocomplete="username" required>
<input name="password" type="password" autocomplete="current-password" required>
<label><input name="remember" type="checkbox"> keep me signed in</label><button>Sign in</button></form>"""
SIGN_OUT = 'You are {user}. <form method="post" action="/logout"><button>Sign out</button></form>'


class Shop(BaseHTTPRequestHandler):  # HTTP/1.0: a body that is not read ends with its connection

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/":
            who = SIGN_OUT.format(user=escape(self.user)) if self.user else '<a href="/login">Sign in</a>'
            self.page(200, HOME.format(who=who, cart="".join(f"<li>{escape(item)}</li>" for item in self.cart)))
        elif path == "/login":
            self.page(200, LOGIN.format(message="Please sign in."))
        elif path == "/api/me":
            me = json.dumps({"user": self.user, "cart": self.cart, "theme": self.theme}, separators=(",", ":"))
            self.answer(200, me, ("Content-Type", "application/json"))
        else:
            self.page(404, "<p>There is no such page.</p>")

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > 16_384:
            return self.page(413, "<p>That is too much.</p>")
        form = parse_qs(self.rfile.read(length).decode(errors="replace"))
        field = lambda name: form.get(name, [""])[0]
        if self.path == "/login":
            user = field("user")
            if user not in USERS or not compare_digest(USERS[user].encode(), field("password").encode()):
                return self.page(401, LOGIN.format(message="That name and password do not match."))
            remember = "; remember" if field("remember") else ""
            self.home("Coatcheck-Sign-In", quote(user, safe="") + "; by=password" + remember)
        elif self.path == "/logout":
            self.home("Coatcheck-Sign-Out", "this")
        elif self.path == "/cart":
            item = field("item")
            if not item or len(item) > 40 or item != item.strip() or not item.isprintable():
                return self.page(422, "<p>The name of an item has 1 to 40 characters.</p>")
            cart = json.dumps(self.cart + [item])
            if len(cart) > 4000:
                return self.page(413, "<p>Your cart holds no more.</p>")
            self.home("Coatcheck-Set", f"cart={cart}; carry")  # carry: it stays when the visitor signs in
        elif self.path == "/theme":
            if field("theme") not in ("light", "dark"):
                return self.page(422, "<p>Pages are light or dark.</p>")
            # The visitor's own, and harmless: a plain cookie of this app.
            self.home("Set-Cookie", f"theme={field('theme')}; Path=/; Max-Age=31536000; Secure; SameSite=Lax")
        else:
            self.page(404, "<p>There is no such page.</p>")

    user = property(lambda self: unquote(self.headers.get("Coatcheck-User") or ""))
    cart = property(lambda self: json.loads(self.headers.get("Coatcheck-Data") or "{}").get("cart", []))

    @property
    def theme(self):
        found = re.search(r"(?:^|;)\s*theme=(light|dark)\s*(?:;|$)", self.headers.get("Cookie") or "")
        return found[1] if found else "light"

    def page(self, status, body):
        paper, ink = ("#222", "#eee") if self.theme == "dark" else ("#fff", "#222")
        self.answer(status, PAGE.format(body=body, paper=paper, ink=ink), ("Content-Type", "text/html; charset=utf-8"))

    def home(self, *header):
        self.answer(303, "", header, ("Location", "/"))

    def answer(self, status, text, *headers):
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(text.encode())))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Shop).serve_forever()
