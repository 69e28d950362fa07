import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

// Every pair of colours that meet, in both themes and both contrasts: 4.5:1 for text, 3:1 for what
// can be used or means something.

const css = readFileSync(new URL("../src/look/tokens.css", import.meta.url), "utf8");
const colours = (block: string) =>
  Object.fromEntries([...block.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(([, name, light, dark]) => [name ?? "", [light ?? "", dark ?? ""]]));
const base = colours(css.slice(0, css.indexOf('[data-theme="light"]')));
const more = { ...base, ...colours(css.slice(css.indexOf('[data-contrast="more"]'))) };

const GROUNDS = ["page", "panel", "raised", "sunk", "wash", "mine", "attend-wash"];
const TEXT = [
  ...["ink", "quiet"].flatMap((text) => GROUNDS.map((ground) => [text, ground])),
  ...["act", "attend"].flatMap((text) => ["page", "panel", "raised", "wash"].map((ground) => [text, ground])),
  ...["page", "panel", "raised"].map((ground) => ["danger", ground]),
  ["on-act", "act"], ["on-danger", "danger"],
];
const SHAPES = [...["page", "panel", "raised", "sunk"].flatMap((ground) => [["edge", ground], ["act", ground]]), ["attend", "sunk"], ["act", "mine"]];

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
function light(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function ratio(one: string, other: string): number {
  const [low = 0, high = 0] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

it.each([["plain", base], ["high", more]] as const)("%s contrast can be read", (_, tokens) => {
  for (const theme of [0, 1]) {
    const of = (name: string | undefined) => tokens[name ?? ""]?.[theme] ?? "none";
    for (const [pairs, needed] of [[TEXT, 4.5], [SHAPES, 3]] as const) {
      for (const [front, ground] of pairs) expect(ratio(of(front), of(ground)), `${front} on ${ground}`).toBeGreaterThanOrEqual(needed);
    }
  }
});
