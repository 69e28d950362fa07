// Names and texts that try to be something else, and a page that is not ours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { befriend, node } from "./node.js";
import { PHONE, accessible, box, browser, bubble, calm, fits, friendRow, open, write } from "./page.js";

const NAME = '<img src=x onerror="alert(1)"> evil';
const ZALGO = "Z\u0335\u0321\u0322\u031b\u0317\u0347\u031d\u032b\u0326\u0320\u0313\u0308\u0341".repeat(40);
const TEXTS = {
  html: "<script>alert(1)</script><b>bold</b> &lt;i&gt; <a href='javascript:alert(1)'>link</a>",
  bidi: "\u202egnol si siht\u202c and \u2066 never closed",
  zalgo: ZALGO,
  wide: "W".repeat(4_000),
  long: "word ".repeat(6_500).trim(),
  tall: "line\n".repeat(2_000).trim(),
  hebrew: "שלום, מה שלומך?",
};

let [ana, eve, page] = [null, null, null];

before(async () => {
  [ana, eve] = await Promise.all([node("Ana"), node(`\u202e${NAME}`)]);
  await befriend(ana, eve);
  const friend = eve.friend("Ana").id;
  for (const text of Object.values(TEXTS)) eve.say(friend, text);
  page = await open(ana, { size: PHONE });
  page.on("dialog", () => page.problems.push("a dialog was opened"));
  await friendRow(page, "evil").click();
});
after(async () => {
  await browser.close();
  await Promise.all([ana, eve].map((node) => node?.remove()));
});

test("a name that tries to be html, or to turn the page round, is only a name", async () => {
  const row = page.locator(".name bdi").first();
  assert.equal(await row.evaluate((node) => node.textContent), NAME);
  assert.equal(await page.locator("img").count(), 0);
  assert.ok((await page.title()).endsWith(`${NAME} · Covey`));
});

test("texts that try to be html, to turn the page round or to climb out are only texts", async () => {
  await bubble(page, "שלום").waitFor();
  await bubble(page, "<script>").locator(".text").waitFor();
  assert.equal(await bubble(page, "<script>").locator(".text").textContent(), TEXTS.html);
  assert.equal(await page.locator(".msg a[href^='javascript']").count(), 0);
  assert.equal(await page.locator(".msg script, .msg b").count(), 0);
  const boxes = await page.locator(".msg .body").evaluateAll((all) => all.map((body) => getComputedStyle(body).overflowY));
  assert.ok(boxes.every((overflow) => overflow === "clip"));
  assert.equal(await bubble(page, "שלום").locator(".text").evaluate((node) => getComputedStyle(node).direction), "rtl");
  await fits(page, "hostile");
  await accessible(page, "hostile");
});

test("a long text is opened, and all of it shown when asked for", async () => {
  const long = bubble(page, "word word");
  assert.ok((await long.locator(".text").textContent()).length < 1_300);
  await long.getByRole("button", { name: "Show all" }).click();
  assert.equal(await long.locator(".text").textContent(), TEXTS.long);
});

test("what is too long for a message is refused with a sentence, and stays in the field", async () => {
  const text = "x".repeat(65_536);
  await write(page, text);
  await page.getByRole("alert").filter({ hasText: "That is longer than one message can be." }).waitFor();
  assert.equal((await box(page).inputValue()).length, text.length);
  await box(page).fill("");
});

test("the policy of the page stops what would be inline or from elsewhere", async () => {
  const done = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    document.body.setAttribute("style", "color: rgb(1, 2, 3)");
    const elsewhere = await fetch("http://127.0.0.1:9/").then(() => "reached", () => "stopped");
    return { ran: window.ran ?? "stopped", colour: getComputedStyle(document.body).color, elsewhere };
  });
  assert.deepEqual({ ...done, colour: done.colour !== "rgb(1, 2, 3)" }, { ran: "stopped", colour: true, elsewhere: "stopped" });
});

test("a page without the token, or with another, is told so and shows nothing", async () => {
  for (const token of ["", "#token=00000000000000000000000000000000"]) {
    const stranger = await open({ web: () => new URL(ana.web()).origin + "/" + token });
    await stranger.getByRole("heading", { name: "This page has no key" }).waitFor();
    await accessible(stranger, "refused");
    assert.equal(await stranger.getByText("evil").count(), 0);
  }
});

test("nothing else went wrong", () => calm(page, /Content Security Policy|Refused to|violates the following/));
