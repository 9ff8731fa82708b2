// A tiny site that signs its users in by the session API of Coatcheck, without any SDK.
//
//     PORT=3000 COATCHECK_KEY=coatcheck.... node app.mjs      # COATCHECK_API is http://localhost:8082 by default
import { createServer } from "node:http";
import { createHash, timingSafeEqual } from "node:crypto";

const { PORT = 3000, COATCHECK_API = "http://localhost:8082", COATCHECK_KEY } = process.env;
const users = new Map([["ada", "lovelace"], ["alan", "turing"]]);

// session asks for the visitor who is here: check, sign-out, or "" for a new session.
async function session(req, act, more = {}) {
  const visitor = {
    cookie: req.headers.cookie || "", address: req.socket.remoteAddress, user_agent: req.headers["user-agent"] || "",
  };
  const res = await fetch(`${COATCHECK_API}/v1/sessions${act && "/" + act}`, {
    method: "POST", headers: { authorization: `Bearer ${COATCHECK_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ ...visitor, ...more }), signal: AbortSignal.timeout(5000),
  });
  if (!res.ok) throw new Error(`the API answers ${res.status}`);
  return res.json();
}

function answer(res, status, text, told = {}) {
  res.writeHead(status, { "set-cookie": told.set_cookie || [], "cache-control": "private, no-store" }).end(text);
}

const hash = (text) => createHash("sha256").update(text).digest();

async function form(req) {
  let text = "";
  for await (const chunk of req) if ((text += chunk).length > 9999) break;
  return new URLSearchParams(text);
}

const escape = (s) => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

createServer(async (req, res) => {
  try {
    if (req.method === "GET") {
      const told = await session(req, "check");
      return answer(res, 200, `You are ${escape(told.user || "nobody")}.\n`, told);
    }
    const sent = await form(req), user = sent.get("user") || "", password = sent.get("password") || "";
    if (req.url === "/logout") return answer(res, 200, "Signed out.\n", await session(req, "sign-out"));
    if (req.url === "/login" && users.has(user) && timingSafeEqual(hash(users.get(user)), hash(password))) {
      return answer(res, 200, "Welcome.\n", await session(req, "", { user, by: "password" }));
    }
    answer(res, 401, "Please try again.\n");
  } catch { // nobody can tell: the visitor keeps the cookie
    answer(res, 503, "Please try again later.\n");
  }
}).listen(PORT, "127.0.0.1");
