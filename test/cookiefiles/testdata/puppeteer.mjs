// Visits a URL with the cookies of LOAD, and writes them to SAVE: LOAD and SAVE may be empty.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
const puppeteer = createRequire(process.env.MODULES)("puppeteer-core");
const [load, save, url, executablePath, ...args] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args });
if (load) await browser.setCookie(...JSON.parse(readFileSync(load)));
await (await browser.newPage()).goto(url);
if (save) writeFileSync(save, JSON.stringify(await browser.cookies()));
await browser.close();
