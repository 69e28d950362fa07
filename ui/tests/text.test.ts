import { expect, it } from "vitest";

import { isEmoji, opening, pieces } from "../src/lib/text";

const drawn = (text: string) => pieces(text).map(({ as, text }) => (as === "plain" ? text : `[${as} ${text}]`)).join("");

it.each([
  ["see https://vonat.example/a_b_c?x=(1).", "see [link https://vonat.example/a_b_c?x=(1)]."],
  ["(https://a.example/)", "([link https://a.example/])"],
  ["“https://a.example”", "“[link https://a.example]”"],
  ["*so* and _so_ and `so`", "[bold so] and [slant so] and [code so]"],
  ["2*3*4, snake_case_name, 5 * 6 * 7", "2*3*4, snake_case_name, 5 * 6 * 7"],
  ["*not\nover lines*", "*not\nover lines*"],
  ["<b>no</b> &amp; javascript:alert(1)", "<b>no</b> &amp; javascript:alert(1)"],
  ["", ""],
])("%s", (text, expected) => expect(drawn(text)).toBe(expected));

it("leaves nothing out, whatever is written", () => {
  for (const text of ["*a", "`*_`", "https://", "**", "_ _", "\u202eabc *x*", "z\u0335\u0321\u0322*zalgo*"]) {
    expect(pieces(text).map((piece) => piece.text).join("").length).toBeGreaterThanOrEqual(text.replaceAll(/[*_`]/g, "").length);
  }
});

it("reads 64 KiB of marks at once", () => {
  const start = performance.now();
  for (const text of ["*a ".repeat(22_000), "_".repeat(65_536), "`".repeat(65_536), "https://a.".repeat(6_500)]) pieces(text);
  expect(performance.now() - start).toBeLessThan(1_000);
});

it("knows what is only emoji", () => {
  expect(["😄", "👍🏽 🎉", "👨‍👩‍👧", "🇭🇺"].every(isEmoji)).toBe(true);
  expect(["", "a", "5", "😄!", "😄😄😄😄"].some(isEmoji)).toBe(false);
});

it("opens a long text with its beginning, and cuts no letter in two", () => {
  expect(opening("short")).toBeNull();
  expect(opening("a".repeat(1_199) + "😄".repeat(200))).toBe("a".repeat(1_199));
  expect(opening("a\n".repeat(500))?.split("\n")).toHaveLength(24);
});
