// Visits a URL with the cookies of LOAD, and writes them to SAVE: LOAD and SAVE may be empty. WebDriver sets cookies of
// the page that is open, and tells those that the page would get.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
const require = createRequire(process.env.MODULES);
const { Builder } = require("selenium-webdriver");
const chrome = require("selenium-webdriver/chrome");
const [load, save, url, executablePath, driver, ...args] = process.argv.slice(2);
const options = new chrome.Options().setBinaryPath(executablePath).addArguments("--headless=new", ...args);
const browser = await new Builder().forBrowser("chrome").setChromeOptions(options)
	.setChromeService(new chrome.ServiceBuilder(driver)).build();
try {
	if (load) {
		await browser.get(new URL("/blank", url).href);
		for (const cookie of JSON.parse(readFileSync(load))) await browser.manage().addCookie(cookie);
	}
	await browser.get(url);
	if (save) writeFileSync(save, JSON.stringify(await browser.manage().getCookies()));
} finally {
	await browser.quit();
}
