// Moments as people say them.

import { locale, t } from "./i18n.svelte";

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, at: number): string {
  const key = locale() + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale(), options);
  formats.set(key, known);
  return known.format(at);
}

/** How many midnights lie between. */
export function midnights(at: number, now: number): number {
  const day = (moment: number): number => new Date(moment).setHours(0, 0, 0, 0);
  return Math.round((day(now) - day(at)) / DAY);
}

const far = (at: number, now: number): boolean => new Date(at).getFullYear() !== new Date(now).getFullYear();
const date = (at: number, now: number): string =>
  format({ day: "numeric", month: "long", ...(far(at, now) && { year: "numeric" }) }, at);

export const clock = (at: number): string => format({ hour: "numeric", minute: "2-digit" }, at);

/** For a line between days: today, yesterday, a weekday, or the date. */
export function day(at: number, now: number): string {
  const ago = midnights(at, now);
  if (ago === 0) return t("day.today");
  if (ago === 1) return t("day.yesterday");
  return ago > 1 && ago < 7 ? format({ weekday: "long" }, at) : date(at, now);
}

/** For a corner: the shortest that is not mistaken for another day. */
export function brief(at: number, now: number): string {
  const ago = midnights(at, now);
  if (ago === 0) return clock(at);
  if (ago > 0 && ago < 7) return format({ weekday: "short" }, at);
  return format({ day: "numeric", month: "short", ...(far(at, now) && { year: "2-digit" }) }, at);
}

/** In a sentence: the time, with its day unless that is today. */
export const moment = (at: number, now: number): string =>
  midnights(at, now) === 0 ? clock(at) : t("moment", { day: day(at, now), time: clock(at) });

/** How long: in the largest unit that says it. */
export function span(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const units: [Intl.NumberFormatOptions["unit"], number][] = [["year", 31_536_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }).format(Math.round(seconds / size));
}

/** What is left, as a clock that runs down. */
export const countdown = (ms: number): string => {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};
