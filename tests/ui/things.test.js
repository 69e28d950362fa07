// Codes in pictures and before the camera, a backup, a second device, an introduction: what people
// do now and then.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { PROGRAM, befriend, node, until } from "./node.js";
import { PHONE, browser, bubble, calm, friendRow, open, write } from "./page.js";

let [ana, bela, cili, laptop] = [null, null, null, null];
let page = null;

before(async () => {
  [ana, bela, cili, laptop] = await Promise.all([node("Ana"), node("Béla"), node("Cili"), node()]);
  await Promise.all([befriend(bela, ana), befriend(cili, ana)]);
  page = await open(ana);
});
after(async () => {
  await browser.close();
  await Promise.all([ana, bela, cili, laptop].map((node) => node?.remove()));
});

const button = (page, name) => page.getByRole("button", { name }).first();
const pick = (page, name, mimeType, buffer) => page.getByLabel("Open a picture").setInputFiles({ name, mimeType, buffer });

test("a code in a picture is read, whatever the picture is", async () => {
  const eve = await node("Eve");
  const file = join(eve.home, "invite.png");
  execFileSync(PROGRAM, ["--home", eve.home, "invite", "--png", file]);
  await button(page, "Add a friend").click();
  await pick(page, "note.txt", "text/plain", Buffer.from("hello"));
  await page.getByRole("alert").filter({ hasText: "This file is no picture" }).waitFor();
  const blank = await page.screenshot({ clip: { x: 0, y: 0, width: 40, height: 40 } });
  await pick(page, "blank.png", "image/png", blank);
  await page.getByRole("alert").filter({ hasText: "There is no code in this picture." }).waitFor();
  await pick(page, "invite.png", "image/png", readFileSync(file));
  await page.getByRole("heading", { name: /Conversation with .*Eve/ }).waitFor();
  ana.command({ remove: { friend: ana.friend("Eve").id } });
  await friendRow(page, "Eve").waitFor({ state: "detached" });
  await eve.remove();
});

test("a camera that is missing or denied is said, and the other ways stay", async () => {
  await button(page, "Add a friend").click();
  await button(page, "Scan with the camera").click();
  await page.getByRole("alert").filter({ hasText: "The camera cannot be used" }).waitFor();
  await page.getByLabel("Paste the invite").waitFor();
});

test("two passphrases that differ save nothing; two that agree save a backup", async () => {
  await button(page, "Settings").click();
  await button(page, /^Keeping safe/).click();
  await page.getByLabel("Passphrase").fill("four unrelated words here");
  await page.getByLabel("The same once more").fill("four unrelated words");
  await button(page, "Save a backup").click();
  await page.getByRole("alert").filter({ hasText: "The two passphrases differ." }).waitFor();
  await page.getByLabel("The same once more").fill("four unrelated words here");
  const [saved] = await Promise.all([page.waitForEvent("download"), button(page, "Save a backup").click()]);
  const file = join(ana.home, "saved.covey");
  await saved.saveAs(file);
  const secret = join(ana.home, "secret");
  writeFileSync(secret, "four unrelated words here\n");
  execFileSync(PROGRAM, ["restore", file, "--home", join(ana.home, "again"), "--passphrase-file", secret]);
});

test("a second device is added by a code and six digits, and has what was said before", async () => {
  await friendRow(page, "Béla").click();
  await write(page, "Said before the laptop came");
  await button(page, "Settings").click();
  await button(page, /^My devices/).click();
  await button(page, "Add a device").click();
  const code = await page.getByLabel("Or as text").inputValue();
  const other = await open(laptop, { size: PHONE, fresh: true });
  await button(other, "I have another device").click();
  await other.getByLabel("Paste that code").fill(code);
  await other.getByLabel(/What is this device/).fill("Laptop");
  await button(other, "Go on").click();
  const digits = async (page) => (await page.locator(".digits .unseen").textContent()).trim();
  await Promise.all([page, other].map((one) => one.locator(".digits").waitFor()));
  assert.match(await digits(page), /^\d( \d){5}$/);
  assert.equal(await digits(page), await digits(other));
  await button(page, "They match").click();
  await button(other, "They match").click();
  await other.getByRole("heading", { name: "This device is yours now" }).waitFor();
  await button(other, "Go on").click();
  await friendRow(other, "Béla").click();
  await bubble(other, "Said before the laptop came").waitFor();
  await page.getByRole("heading", { name: "Your new device is added" }).waitFor();
  await button(page, "Go on").click();
  await page.getByRole("button", { name: /^Laptop/ }).waitFor();
  calm(other);
});

test("two friends are introduced, are asked, and meet", async () => {
  await friendRow(page, "Béla").click();
  await page.getByRole("button", { name: /^About/ }).click();
  await button(page, "Introduce to a friend").click();
  await page.locator(".place").getByRole("button", { name: "Cili" }).click();
  await button(page, "Introduce them").click();
  await page.getByRole("heading", { name: "Both are asked now" }).waitFor();
  for (const one of [bela, cili]) {
    const theirs = await open(one);
    await theirs.getByRole("heading", { name: /Ana.* would have you meet/ }).waitFor();
    await button(theirs, "Yes, meet").click();
    await theirs.getByText(/You said yes|You can write now/).first().waitFor();
  }
  await until(() => bela.friend("Cili")?.standing === "friend" && bela.friend("Cili").introduced_by === "Ana");
});

test("a friend is blocked, heard again, and removed", async () => {
  await friendRow(page, "Cili").click();
  await page.getByRole("button", { name: /^About/ }).click();
  await button(page, "Block").click();
  await page.getByRole("dialog").getByRole("button", { name: /^Block/ }).click();
  await page.getByText(/You blocked .*Cili/).waitFor();
  await page.getByRole("button", { name: "Unblock" }).first().click();
  await page.getByRole("textbox", { name: /^Message/ }).waitFor();
  await button(page, /^Remove .*Cili/).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Remove/ }).click();
  await friendRow(page, "Cili").waitFor({ state: "detached" });
});

test("nothing went wrong", () => calm(page, /422|401/));
