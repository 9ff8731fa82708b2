// A receiver of webhooks that verifies them with the public library, and fails at some: every third request gets 500.
import { createRequire } from "node:module";
import { createServer } from "node:http";
const { Webhook } = createRequire(process.env.MODULES)("standardwebhooks");
const hook = new Webhook(process.env.SECRET);
let asked = 0;
createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  let message;
  try {
    message = hook.verify(body, request.headers);
  } catch (problem) {
    console.log(`refused ${problem}`);
    response.writeHead(400).end();
    return;
  }
  if (asked++ % 3 === 2) {
    response.writeHead(500).end();
    return;
  }
  const { type, data } = message;
  console.log(`took ${request.headers["webhook-id"]} ${type} ${data.session ?? "-"} ${data.cause ?? "-"} ${data.user ?? "-"}`);
  response.writeHead(204).end();
}).listen(Number(process.env.PORT), "127.0.0.1");
