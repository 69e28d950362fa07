// A browser as a person has it, and what every page is held to: no errors, no breach of its policy,
// nothing axe finds, nothing off the screen, nothing too small to press.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "playwright-core";

export const PHONE = { width: 360, height: 740 };
export const DESK = { width: 1280, height: 800 };

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css", svg: "image/svg+xml", woff2: "font/woff2" };

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // a page out of a folder counts as one from elsewhere
  args: ["--no-sandbox", "--disable-background-networking", ...(process.env.PAGE ? ["--disable-features=LocalNetworkAccessChecks"] : [])],
});

/** A window of its own on a node's page. */
export async function open(node, { size = DESK, scheme = "light", language = "en-GB", fresh = false, route, ...more } = {}) {
  const context = await browser.newContext({
    viewport: size, colorScheme: scheme, locale: language, hasTouch: size === PHONE, reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"], bypassCSP: false, ...more,
  });
  if (!fresh) await context.addInitScript(() => location.host && localStorage.setItem("welcomed", "yes"));
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.problems = [];
  page.on("console", (said) => said.type() === "error" && page.problems.push(said.text()));
  page.on("pageerror", (error) => page.problems.push(error.stack));
  if (process.env.PAGE) await page.route("**/*", (route) => file(route, process.env.PAGE));
  await route?.(page);
  await page.goto(node.web());
  await page.locator("main").first().waitFor();
  return page;
}

/** A file in the place of the program's, under the program's own policy. */
async function file(route, folder) {
  const { pathname } = new URL(route.request().url());
  if (route.request().method() !== "GET") return route.continue();
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const policy = (await route.fetch()).headers()["content-security-policy"];
  const headers = { "content-type": TYPES[name.split(".").pop()] ?? "application/octet-stream", "content-security-policy": policy };
  await route.fulfill({ body: readFileSync(join(folder, name)), headers });
}

/** What no page ever has. `allowed` are the errors that a story provokes. */
export function calm(page, allowed = /^$/) {
  assert.deepEqual(page.problems.filter((problem) => !allowed.test(problem)), []);
}

export async function accessible(page, what) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const found = violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ target }) => target).slice(0, 3).join(" ")}`);
  assert.deepEqual(found, []);
}

/** Nothing sideways off the screen, nothing cut that is not meant to be, every control 44 px. */
export async function fits(page, what) {
  const found = await page.evaluate(() => {
    const out = [];
    const say = (node, why) => out.push(`${why}: ${node.className?.baseVal ?? node.className} “${(node.getAttribute("aria-label") || node.textContent).slice(0, 30)}”`);
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > wide) out.push(`wider than the screen by ${document.documentElement.scrollWidth - wide}`);
    for (const node of document.querySelectorAll("body *")) {
      const box = node.getBoundingClientRect();
      const style = getComputedStyle(node);
      if (!box.width || style.visibility === "hidden" || style.opacity === "0" || node.closest("svg, .unseen, .choose")) continue;
      if (!node.closest(".cut") && (box.right > wide + 1 || box.left < -1)) say(node, "off the screen");
      if (node.matches("button, input:not([type=checkbox], [type=radio], .find input), textarea, label.find, label.item, a.btn")) {
        const after = getComputedStyle(node, "::after");
        const grown = after.content !== "none" && after.position === "absolute";
        const [more, wider] = grown ? [-2 * parseFloat(after.top), -2 * Math.min(0, parseFloat(after.left))] : [0, 0];
        if (box.height + more < 43.9 || (box.width + wider < 43.9 && !node.matches(".reacts button"))) say(node, `${Math.round(box.width + wider)}×${Math.round(box.height + more)} to press`);
      }
    }
    return out;
  });
  assert.deepEqual(found.map((fault) => `${what}: ${fault}`), []);
}

export const friendRow = (page, name) => page.getByRole("navigation").getByRole("button").filter({ hasText: name }).first();
export const box = (page) => page.getByRole("textbox", { name: /^Message/ });
export const bubble = (page, text) => page.locator(".msg").filter({ hasText: text }).last();

/** On a phone Enter is a new line, and a finger sends. */
export async function write(page, text) {
  await box(page).fill(text);
  if (page.viewportSize().width === PHONE.width) await page.getByRole("button", { name: /^(Send|Save the change)$/ }).click();
  else await box(page).press("Enter");
}

/** Opens what can be done with a message, as the other mouse button does. */
export async function act(page, text, what) {
  await bubble(page, text).click({ button: "right" });
  await page.getByRole("dialog").getByRole("button", { name: what, exact: true }).click();
}
