// Every screen, on a phone and on a desk, light and dark: what axe says, whether it fits, also with
// longer words, larger letters, right to left and in high contrast.
//
// SCREENS=folder keeps a picture of each in the plain looks, and of a conversation in the others.

import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";

import { befriend, node } from "./node.js";
import { DESK, PHONE, accessible, act, box, browser, bubble, calm, fits, friendRow, open } from "./page.js";
import { pseudo } from "./pseudo.js";

let [ana, bela, cili, newcomer] = [null, null, null, null];

before(async () => {
  [ana, bela, cili, newcomer] = await Promise.all([node("Ana"), node("Béla"), node("Cili"), node()]);
  await Promise.all([befriend(bela, ana), befriend(cili, ana)]);
  const [here, there] = [ana.friend("Béla").id, ana.friend("Cili").id];
  const asked = bela.say(here, "Morning! Cabin still ours?");
  bela.say(here, "And who has a head torch?");
  await arrived(asked);
  const answer = ana.command({ reply: { message: asked, text: "Yes, under the *third* stone." } }).sent;
  await arrived(answer, bela);
  bela.command({ react: { message: answer, reaction: "❤️" } });
  const wrong = bela.say(here, "wrong window");
  bela.command({ retract: { message: wrong } });
  bela.say(here, "The 8:20 still runs: https://vonat.example/pilis");
  await arrived(bela.say(here, "😄"));
  ana.command({ expire: { friend: here, seconds: 604_800 } });
  ana.say(here, "The tent is in the car.");
  await arrived(cili.say(there, "The apricots are ripe, come and take some."));
  await cili.stop();
  ana.say(there, "Happy birthday! Shall I call at six?");
});
after(async () => {
  await browser.close();
  await Promise.all([ana, bela, cili, newcomer].map((node) => node?.remove()));
});

async function arrived(id, at = ana) {
  for (;;) {
    try {
      return at.query({ message: { id } });
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

const button = (page, name) => page.getByRole("button", { name }).first();
const about = async (page) => {
  await friendRow(page, "Béla").click();
  await button(page, /^About/).click();
  await page.getByRole("complementary").waitFor();
};
const settings = async (page, name) => {
  await button(page, "Settings").click();
  if (name) await button(page, name).click();
};

/** How each screen is come to from the first. */
const SCREENS = {
  welcome: { fresh: true, see: "Talk to your friends directly", to: async () => {} },
  name: { fresh: true, see: "What do friends call you?", to: (page) => button(page, "Start").click() },
  home: { see: "Cili", to: async () => {} },
  conversation: { see: "The tent is in the car.", to: (page) => friendRow(page, "Béla").click() },
  waiting: { see: "Why?", to: (page) => friendRow(page, "Cili").click() },
  why: {
    see: "It waits on this device",
    to: async (page) => {
      await friendRow(page, "Cili").click();
      await page.getByText("Why?").click();
    },
  },
  menu: {
    see: "Take it back",
    to: async (page) => {
      await friendRow(page, "Béla").click();
      await bubble(page, "The tent").click({ button: "right" });
    },
  },
  choosing: {
    see: "chosen",
    to: async (page) => {
      await friendRow(page, "Béla").click();
      await act(page, "The tent", "Select more");
    },
  },
  answering: {
    see: "Answer to",
    to: async (page) => {
      await friendRow(page, "Béla").click();
      await act(page, "head torch", "Reply");
      await box(page).fill("I have two.\nAnd batteries.");
    },
  },
  emoji: {
    see: "Faces",
    to: async (page) => {
      await friendRow(page, "Béla").click();
      await button(page, "Emoji").click();
    },
  },
  search: { see: "messages", to: (page) => page.getByRole("searchbox", { name: "Search" }).fill("t") },
  friend: { see: "Safety number", to: about },
  safety: {
    see: "We compared, all the same",
    to: async (page) => {
      await about(page);
      await button(page, /^Safety number/).click();
    },
  },
  remove: {
    see: "The friendship ends",
    to: async (page) => {
      await about(page);
      await button(page, /^Remove/).click();
    },
  },
  introduce: {
    see: "Introduce them",
    to: async (page) => {
      await about(page);
      await button(page, "Introduce to a friend").click();
      await page.locator(".place").getByRole("button", { name: "Cili" }).click();
    },
  },
  add: { see: "Works once", to: (page) => button(page, "Add a friend").click() },
  settings: { see: "Keeping safe", to: (page) => settings(page) },
  devices: { see: "Holds all", to: (page) => settings(page, /^My devices/) },
  "add-device": {
    see: "Show it to nobody else",
    to: async (page) => {
      await settings(page, /^My devices/);
      await button(page, "Add a device").click();
    },
  },
  look: { see: "High", to: (page) => settings(page, /^Look/) },
  safe: { see: "covey recovery words", to: (page) => settings(page, /^Keeping safe/) },
  help: { see: "For whoever helps you", to: (page) => button(page, /^Ready/).click() },
};

const folder = process.env.SCREENS;
if (folder) mkdirSync(folder, { recursive: true });

/** Goes to each screen in one window, and looks. */
async function each(name, options, look) {
  const pages = { old: await open(ana, options), fresh: await open(newcomer, { ...options, fresh: true }) };
  for (const [screen, { fresh = false, see, to }] of Object.entries(SCREENS)) {
    const page = fresh ? pages.fresh : pages.old;
    try {
      await page.evaluate(() => localStorage.removeItem("look"));
      await page.goto("about:blank");
      await page.goto((fresh ? newcomer : ana).web());
      await to(page);
      await page.getByText(see, { exact: false }).filter({ visible: true }).first().waitFor();
      await look(page, screen);
      calm(page);
    } catch (error) {
      error.message = `${name} ${screen}: ${error.message}`;
      throw error;
    }
  }
  await Promise.all(Object.values(pages).map((page) => page.context().close()));
}

for (const [size, viewport] of Object.entries({ phone: PHONE, desk: DESK })) {
  for (const scheme of ["light", "dark"]) {
    if (size === "desk" && scheme === "dark" && !folder) continue; // its colours are the phone's
    test(`every screen on a ${size}, ${scheme}, is accessible and fits`, async () => {
      await each(`${size} ${scheme}`, { size: viewport, scheme }, async (page, screen) => {
        if (folder) await page.screenshot({ path: `${folder}/${screen}-${size}-${scheme}.png` });
        await accessible(page, screen);
        await fits(page, screen);
      });
    });
  }
}

const WORN = {
  "fits right to left, with longer words": [{ language: "hu" }, fits],
  "fits with letters twice as large": [{ text: "200" }, fits],
  "can be read in high contrast": [{ contrast: "more" }, accessible],
};
for (const [how, [look, held]] of Object.entries(WORN)) {
  test(`every screen ${how}`, async () => {
    await each(how, { size: PHONE, route: pseudo }, async (page, screen) => {
      await page.evaluate((look) => localStorage.setItem("look", JSON.stringify(look)), look);
      await page.reload();
      await page.locator(".page h1, .page .title, .msg, .facts h2, .home .friend").filter({ visible: true }).first().waitFor();
      await page.waitForLoadState("networkidle");
      await page.evaluate(() => document.fonts.ready);
      if (folder && screen === "conversation") await page.screenshot({ path: `${folder}/${screen}-${Object.keys(look)[0]}.png` });
      await held(page, screen);
    });
  });
}
