import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

// What `make` built. First come the files that the page names, and what those import at once.

const dist = new URL("../dist/", import.meta.url);
const text = (name: string) => readFileSync(new URL(name, dist), "utf8");
const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("."));
const scripts = files.filter((name) => name.endsWith(".js"));
const page = text("index.html");

function first(): Set<string> {
  const found = new Set<string>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const [, next] of text(name).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) add(`assets/${next}`);
  };
  for (const [name] of page.matchAll(/assets\/[\w.-]+\.js/g)) add(name);
  return found;
}

it("loads at most 60 kB of script before it can be used", () => {
  const bytes = [...first()].reduce((sum, name) => sum + gzipSync(text(name)).length, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(60_000);
});

it("has no node made up for tests in it", () => {
  for (const name of scripts) expect(text(name), name).not.toMatch(/mock|text \$\{number\}/i);
});

it("keeps to the page's policy: nothing inline, and nothing from elsewhere", () => {
  expect(page).not.toMatch(/<script(?![^>]*src=)|<style| style=| on\w+=|https?:/);
  for (const name of scripts) expect(text(name), name).not.toMatch(/\beval\(|new Function\(/);
});
