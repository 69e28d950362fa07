// Two people, from the first screen to a long conversation, each in a window of an own node.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { node, until } from "./node.js";
import { PHONE, act, box, browser, bubble, calm, friendRow, open, write } from "./page.js";

let [ana, bela] = [null, null];
let [phone, desk] = [null, null];

before(async () => {
  [ana, bela] = await Promise.all([node(), node()]);
  [phone, desk] = await Promise.all([open(ana, { size: PHONE, fresh: true }), open(bela, { fresh: true })]);
});
after(async () => {
  await browser.close();
  await Promise.all([ana, bela].map((node) => node?.remove()));
});

test("a newcomer reads what this is before a name is asked for", async () => {
  await phone.getByRole("heading", { name: "Talk to your friends directly" }).waitFor();
  assert.equal(await phone.getByRole("textbox").count(), 0);
  assert.equal(new URL(phone.url()).hash, "", "the token is not left in the address bar");
  await phone.getByRole("button", { name: "Start" }).click();
  await phone.getByLabel("Your name").fill("Ana");
  await phone.keyboard.press("Enter");
  await phone.getByRole("heading", { name: "Nobody here yet" }).waitFor();
});

test("what is no invite, or a damaged one, gets a sentence", async () => {
  await desk.getByRole("button", { name: "I was invited" }).click();
  await desk.getByLabel("Your name").fill("Béla");
  await desk.getByRole("button", { name: "Go on" }).click();
  for (const [text, said] of [["hello", "This is no Covey invite."], ["COVEY:AEAQB", "This invite is damaged."]]) {
    await desk.getByLabel("Paste the invite").fill(text);
    await desk.getByRole("button", { name: "Say hello" }).click();
    await desk.getByRole("alert").filter({ hasText: said }).waitFor();
  }
});

test("one invite befriends both", async () => {
  await phone.getByRole("button", { name: "Add a friend" }).last().click();
  await phone.getByRole("img", { name: "Your invite as a QR code" }).waitFor();
  await phone.getByRole("button", { name: "Copy a link" }).click();
  await phone.getByText("Copied.").waitFor();
  const link = await phone.evaluate(() => navigator.clipboard.readText());
  assert.match(link, /^COVEY:[A-Z2-7]+$/);
  await desk.getByLabel("Paste the invite").fill(link);
  await desk.getByRole("button", { name: "Say hello" }).click();
  await phone.getByRole("heading", { name: /You and .Béla. are friends/ }).waitFor();
  await phone.getByRole("button", { name: /Write to/ }).click();
  await desk.getByText("Here now, directly").first().waitFor();
});

test("what is written arrives, and only then is it said to be there", async () => {
  await write(phone, "Morning! Cabin still ours?");
  await bubble(desk, "Cabin still ours?").waitFor();
  await phone.getByRole("button", { name: /Béla. has it/ }).waitFor();
  await write(desk, "Yes.\nUnder the *third* stone: https://vonat.example/pilis.");
  const link = bubble(phone, "Under the").getByRole("link");
  assert.equal(await link.getAttribute("href"), "https://vonat.example/pilis");
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  assert.equal(await bubble(phone, "Under the").locator("strong").textContent(), "third");
});

test("a message is answered, changed, reacted to and taken back, and both see it", async () => {
  await act(phone, "Under the", "Reply");
  await write(phone, "left of the dor");
  await bubble(desk, "left of the dor").locator(".quote").filter({ hasText: "Under the" }).waitFor();
  await act(phone, "left of the dor", "Edit");
  assert.equal(await box(phone).inputValue(), "left of the dor");
  await write(phone, "left of the door");
  await bubble(desk, "left of the door").getByText("edited").waitFor();
  await act(desk, "left of the door", "👍");
  await phone.getByRole("button", { name: /👍. by .*Béla/ }).waitFor();
  await phone.getByRole("button", { name: /👍. by .*Béla/ }).click();
  await desk.getByRole("button", { name: /👍. by (.*Ana.* and .*you|.*you.* and .*Ana)/ }).waitFor();
  await write(desk, "wrong window");
  await bubble(phone, "wrong window").waitFor();
  await act(desk, "wrong window", "Take it back");
  await desk.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await phone.locator(".msg").getByText(/Béla. took a message back/).waitFor();
  await until(async () => (await phone.getByText("wrong window").count()) === 0);
});

test("what is read is told only by who wants to tell it", async () => {
  await write(phone, "Read this");
  await phone.getByRole("button", { name: /Béla. has it/ }).waitFor();
  await desk.getByRole("button", { name: "Settings" }).click();
  await desk.getByRole("switch", { name: /Tell friends what I read/ }).check();
  await friendRow(desk, "Ana").click();
  await phone.getByRole("button", { name: "Back to friends" }).click();
  await phone.getByRole("button", { name: "Settings" }).click();
  await phone.getByRole("switch", { name: /Tell friends what I read/ }).check();
  await phone.getByRole("button", { name: "Back" }).click();
  await write(desk, "And this");
  await phone.getByRole("button", { name: /Béla.*1 unread/ }).waitFor();
  await friendRow(phone, "Béla").click();
  await desk.getByRole("button", { name: /Ana. has read it/ }).waitFor();
  await write(phone, "Now you");
  await phone.getByRole("button", { name: /Béla. has read it/ }).waitFor();
});

test("the keyboard alone writes, walks the messages and opens what they can", async () => {
  await box(desk).focus();
  await desk.keyboard.type("typed");
  await desk.keyboard.press("Enter");
  await bubble(desk, "typed").waitFor();
  await desk.keyboard.press("ArrowUp");
  await desk.getByText("Edit", { exact: true }).waitFor();
  await desk.keyboard.press("Escape");
  assert.equal(await box(desk).inputValue(), "");
  const newest = bubble(desk, "typed").locator(".hold");
  await newest.focus();
  await desk.keyboard.press("ArrowUp");
  assert.equal(await newest.evaluate((button) => button === document.activeElement), false);
  await desk.keyboard.press("ArrowDown");
  await desk.keyboard.press("Enter");
  await desk.getByRole("dialog").getByRole("button", { name: "Copy" }).focus();
  await desk.keyboard.press("Enter");
  assert.equal(await desk.evaluate(() => navigator.clipboard.readText()), "typed");
  await desk.keyboard.press("Escape");
  assert.equal(await desk.getByRole("dialog").count(), 0);
});

test("several are chosen, copied and forwarded at once", async () => {
  await act(desk, "typed", "Select more");
  await bubble(desk, "Cabin still ours?").click();
  await desk.getByText("2 chosen").waitFor();
  await desk.getByRole("button", { name: "Copy" }).click();
  assert.equal(await desk.evaluate(() => navigator.clipboard.readText()), "Morning! Cabin still ours?\ntyped");
  await act(desk, "Cabin still ours?", "Forward");
  await desk.getByRole("dialog").getByRole("checkbox").check();
  await desk.getByRole("button", { name: "Send to 1 friend" }).click();
  await until(async () => (await phone.getByText("Cabin still ours?").count()) >= 2);
});

test("an emoji is found by its name", async () => {
  await desk.getByRole("button", { name: "Emoji" }).click();
  await desk.getByRole("searchbox", { name: "Find an emoji" }).fill("hedgehog");
  await desk.getByRole("button", { name: /hedgehog/ }).click();
  await desk.keyboard.press("Escape");
  assert.equal(await box(desk).inputValue(), "🦔");
  await desk.keyboard.press("Enter");
  await bubble(phone, "🦔").waitFor();
});

test("a search finds words by how they begin, and leads to where they were said", async () => {
  await desk.getByRole("searchbox", { name: "Search" }).fill("sto");
  const hit = desk.getByRole("navigation").getByRole("button").filter({ has: desk.locator("mark", { hasText: "sto" }) });
  await hit.first().click();
  await desk.locator(".msg.lit").filter({ hasText: "stone" }).waitFor();
  await desk.getByRole("searchbox", { name: "Search" }).fill("stowe");
  await desk.getByRole("heading", { name: /Nothing with .*stowe/ }).waitFor();
  await desk.getByRole("button", { name: "Clear" }).click();
});

test("what was begun is kept over a reload", async () => {
  await box(desk).fill("Dear Ana, ");
  await until(() => bela.query({ draft: { friend: bela.friend("Ana").id } }).draft === "Dear Ana, ");
  await desk.reload();
  await until(async () => (await box(desk).inputValue()) === "Dear Ana, ");
  await box(desk).fill("");
  await box(desk).blur();
});

test("while a friend is away it is said for whom a message waits, and why", async () => {
  await bela.stop();
  await phone.getByRole("status").filter({ hasText: "Last here" }).waitFor();
  await write(phone, "Are you there?");
  await phone.getByRole("button", { name: /Waiting for .Béla/ }).click();
  const beside = phone.getByRole("complementary");
  await beside.getByRole("heading", { name: /Not with .Béla. yet/ }).waitFor();
  await beside.getByText("It waits on this device").waitFor();
  await beside.getByText(/The computer of .*Béla.* is not here/).waitFor();
  await phone.keyboard.press("Escape");
});

test("a page whose node is gone says so, and one of an older start asks for the new address", async () => {
  await desk.getByText("Covey does not answer.").first().waitFor();
  await bela.start();
  await desk.getByRole("heading", { name: "This page has no key" }).waitFor();
  await desk.goto("about:blank");
  await desk.goto(bela.web());
  await friendRow(desk, "Ana").click();
  await bubble(desk, "Are you there?").waitFor();
  await phone.getByRole("button", { name: /Béla. has it/ }).waitFor();
});

test("nothing went wrong on the way", () => {
  calm(phone);
  calm(desk, /WebSocket connection/);
});
