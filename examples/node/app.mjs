// A small shop without any SDK. Coatcheck stands in front of it and keeps its sessions:
//
//     PORT=3000 node app.mjs
//     coatcheck serve --upstream http://127.0.0.1:3000
//
// Who is asking stands in request headers that nobody but Coatcheck can set, as long as nothing else reaches this port.
import { createServer } from "node:http";

const users = new Map([["ada", "lovelace"], ["alan", "turing"], ["grace", "hopper"]]);

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

// Headers are ASCII.
const ascii = (value) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

const loginForm = (message) => `<p>${message}</p><form method="post" action="/login">
<input name="user" autocomplete="username" required>
<input name="password" type="password" autocomplete="current-password" required>
<label><input name="remember" type="checkbox"> keep me signed in</label><button>Sign in</button></form>`;

const homePage = ({ user, cart }) => `<p>${user
  ? `You are ${escape(user)}. <form method="post" action="/logout"><button>Sign out</button></form>`
  : '<a href="/login">Sign in</a>'}</p>
<ul>${cart.map((item) => `<li>${escape(item)}</li>`).join("")}</ul>
<form method="post" action="/cart"><input name="item" value="tea" maxlength="40" required><button>Add to cart</button></form>
<form method="post" action="/theme"><button name="theme" value="light">Light</button><button name="theme" value="dark">Dark</button></form>`;

function visitorOf(req) {
  return {
    user: decodeURIComponent(req.headers["coatcheck-user"] || ""),
    cart: JSON.parse(req.headers["coatcheck-data"] || "{}").cart || [],
    theme: /(?:^|;)\s*theme=(light|dark)\s*(?:;|$)/.exec(req.headers.cookie || "")?.[1] || "light",
  };
}

async function formOf(req) {
  let text = "";
  for await (const chunk of req.setEncoding("utf8")) {
    if ((text += chunk).length > 16384) throw new Error("too much");
  }
  return new URLSearchParams(text);
}

// answer says what becomes of a request: [status, body, headers].
async function answer(req, me) {
  const home = (name, value) => [303, "", { Location: "/", [name]: value }];
  switch (`${req.method} ${req.url.split("?")[0]}`) {
    case "GET /":
      return [200, homePage(me)];
    case "GET /login":
      return [200, loginForm("Please sign in.")];
    case "GET /api/me":
      return [200, JSON.stringify(me), { "Content-Type": "application/json" }];
    case "POST /logout":
      return home("Coatcheck-Sign-Out", "this");
    case "POST /login": {
      const form = await formOf(req), user = form.get("user") || "";
      if (!users.has(user) || users.get(user) !== form.get("password")) {
        return [401, loginForm("That name and password do not match.")];
      }
      return home("Coatcheck-Sign-In", encodeURIComponent(user) + "; by=password" + (form.get("remember") ? "; remember" : ""));
    }
    case "POST /cart": {
      const item = (await formOf(req)).get("item") || "";
      if (!item || [...item].length > 40 || item !== item.trim() || /[\p{C}\p{Zl}\p{Zp}]/u.test(item)) {
        return [422, "<p>The name of an item has 1 to 40 characters.</p>"];
      }
      const cart = ascii([...me.cart, item]);
      if (cart.length > 4000) return [413, "<p>Your cart holds no more.</p>"];
      return home("Coatcheck-Set", `cart=${cart}; carry`); // carry: it stays when the visitor signs in
    }
    case "POST /theme": {
      const theme = (await formOf(req)).get("theme");
      if (theme !== "light" && theme !== "dark") return [422, "<p>Pages are light or dark.</p>"];
      // The visitor's own, and harmless: a plain cookie of this app.
      return home("Set-Cookie", `theme=${theme}; Path=/; Max-Age=31536000; Secure; SameSite=Lax`);
    }
  }
  return [404, "<p>There is no such page.</p>"];
}

createServer(async (req, res) => {
  const me = visitorOf(req);
  const [status, body, headers] = await answer(req, me).catch(() => [413, "<p>That is too much.</p>", { Connection: "close" }]);
  const [paper, ink] = me.theme === "dark" ? ["#222", "#eee"] : ["#fff", "#222"];
  res.writeHead(status, { "Content-Type": "text/html; charset=utf-8", ...headers });
  res.end(headers?.["Content-Type"] || !body ? body : `<!doctype html><html lang="en"><meta charset="utf-8">
<title>A small shop</title><style>body { font: 16px sans-serif; max-width: 40em; margin: 2em auto; background: ${paper}; color: ${ink} }</style>
<h1><a href="/">A small shop</a></h1>${body}</html>`);
}).listen(Number(process.env.PORT || 3000), "127.0.0.1");
