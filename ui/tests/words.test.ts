import { readFileSync, readdirSync } from "node:fs";
import { afterAll, expect, it } from "vitest";

import en from "../src/locales/en.json";
import { LANGUAGES, sentence, speak, t } from "../src/lib/i18n.svelte";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const words = (language: string): Record<string, string> => JSON.parse(read(`../src/locales/${language}.json`));
const isSentence = (key: string) => key.startsWith("! ");
const slots = (said: string) => new Set(said.match(/\{\w+\}/g));
const sources = (folder: string, ends: string[]) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((name) => ends.some((end) => name.endsWith(end)))
    .map((name) => read(`${folder}${name}`)).join("\n");

afterAll(() => speak("en"));

it.each(LANGUAGES)("%s says all that English says, with the same names in it", (language) => {
  const said = words(language);
  const base = (key: string) => key.replace(/\.(zero|one|two|few|many)$/, ".other");
  for (const [key, text] of Object.entries(en)) {
    if (isSentence(key)) continue;
    expect(said, key).toHaveProperty([key]);
    expect(slots(said[key] ?? ""), key).toEqual(slots(text));
  }
  for (const key of Object.keys(said)) if (!isSentence(key)) expect(en, key).toHaveProperty([base(key)]);
});

it("translates only sentences that the node says", () => {
  const core = sources("../../core/", [".rs"]).replaceAll(/\\\n\s*/g, "");
  for (const language of LANGUAGES) {
    for (const key of Object.keys(words(language)).filter(isSentence)) expect(core.includes(key.slice(2)), key).toBe(true);
  }
});

it("has no words that nobody says", () => {
  const page = sources("../src/", [".svelte", ".ts"]);
  const built = [...page.matchAll(/t\(`([a-z_.]+)\$\{/g)].map(([, start]) => start ?? "");
  const said = (key: string) => page.includes(`"${key}"`) || built.some((start) => key.startsWith(start));
  const keys = Object.keys(en).filter((key) => !isSentence(key) && key !== "_direction");
  expect(keys.map((key) => key.replace(/\.(zero|one|other)$/, "")).filter((key) => !said(key))).toEqual([]);
});

it("speaks the language that is chosen, counts as it counts, and falls back to English", async () => {
  await speak("hu");
  expect(t("add.title")).toBe("Barát felvétele");
  expect(t("search.found", { count: 5 })).toBe("5 üzenet");
  await speak("tlh");
  expect(t("search.found", { count: 1 })).toBe("1 message");
  expect(t("search.found", { count: 1_000 })).toBe("1,000 messages");
});

it("keeps the direction of a name to the name", () => {
  expect(t("state.waiting", { name: "\u202eevil" })).toBe("Waiting for \u2068\u202eevil\u2069.");
});

it("ends what the node says as a sentence, in the person's language", async () => {
  await speak("en");
  expect(sentence("choose two different friends")).toBe("Choose two different friends.");
  expect(sentence("what no table knows")).toBe("What no table knows.");
  await speak("hu");
  expect(sentence("choose two different friends")).toBe("Válassz két különböző barátot.");
});
