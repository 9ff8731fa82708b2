// Visits a URL with the storage state of LOAD, and writes it to SAVE: LOAD and SAVE may be empty.
import { createRequire } from "node:module";
const { chromium } = createRequire(process.env.MODULES)("playwright-core");
const [load, save, url, executablePath, ...args] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext(load ? { storageState: load } : {});
await (await context.newPage()).goto(url);
if (save) await context.storageState({ path: save });
await browser.close();
