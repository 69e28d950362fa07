// How this browser shows things: kept here and nowhere else.

import { speak } from "./i18n.svelte";

export type Theme = "system" | "light" | "dark";
export type Contrast = "system" | "more";
export const SIZES = ["100", "115", "130", "160", "200"] as const;
export type Size = (typeof SIZES)[number];

type Look = { theme: Theme; contrast: Contrast; text: Size; language: string | null };
const PLAIN: Look = { theme: "system", contrast: "system", text: "100", language: null };

function kept(): Look {
  try {
    return { ...PLAIN, ...(JSON.parse(localStorage.getItem("look") ?? "{}") as Partial<Look>) };
  } catch {
    return PLAIN;
  }
}

let look: Look = $state.raw(kept());
let seen = $state(localStorage.getItem("welcomed") !== null);
const wantsMore = matchMedia("(prefers-contrast: more)");

export const looks = (): Look => look;
export const welcomed = (): boolean => seen;

export function welcome(): void {
  localStorage.setItem("welcomed", "yes");
  seen = true;
}

export async function choose(change: Partial<Look>): Promise<void> {
  look = { ...look, ...change };
  localStorage.setItem("look", JSON.stringify(look));
  await wear();
}

/** Puts the look on the page. */
export async function wear(): Promise<void> {
  const { dataset } = document.documentElement;
  dataset.theme = look.theme;
  dataset.contrast = look.contrast === "more" || wantsMore.matches ? "more" : "";
  dataset.text = look.text;
  await speak(look.language);
}

wantsMore.addEventListener("change", () => void wear());
