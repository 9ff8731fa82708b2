// Fetches a URL with the jar of LOAD, and writes it to SAVE: LOAD and SAVE may be empty.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
const { CookieJar } = createRequire(process.env.MODULES)("tough-cookie");
const [load, save, url] = process.argv.slice(2);
const jar = load ? await CookieJar.deserialize(readFileSync(load, "utf8")) : new CookieJar();
const answer = await fetch(url, { headers: { cookie: await jar.getCookieString(url) } });
for (const line of answer.headers.getSetCookie()) await jar.setCookie(line, url, {ignoreError: true});
if (save) writeFileSync(save, JSON.stringify(await jar.serialize()));
