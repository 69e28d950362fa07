// Every word of ours, in the language of the person.
//
// A language is one file in `locales/`. Its keys are those of English; what it lacks is said in
// English. What people wrote or are called keeps its own direction inside a sentence.

import en from "../locales/en.json";

type Plural<K> = K extends `${infer Base}.other` ? Base : K extends `${string}.${"one" | "few" | "many" | "two" | "zero"}` ? never : K;
export type Key = Plural<keyof typeof en>;
export type Args = Record<string, string | number>;
type Words = Partial<Record<string, string>>;

const files = import.meta.glob<{ default: Words }>(["../locales/*.json", "!../locales/en.json"]);
const name = (path: string): string => path.slice(path.lastIndexOf("/") + 1, -".json".length);

/** The languages there are. */
export const LANGUAGES = ["en", ...Object.keys(files).map(name)].sort();

let words: Words = $state.raw(en);
let tag = $state("en");

/** What Intl is to format by: the person's own regional habits where the language is the same. */
export const locale = (): string => navigator.languages.find((own) => own.split("-")[0] === tag) ?? tag;

/** Speaks this language from now on; without one, the first of the browser's that there is. */
export async function speak(wanted: string | null): Promise<void> {
  const known = (one: string): boolean => LANGUAGES.includes(one);
  const own = navigator.languages.map((one) => one.split("-")[0] ?? "").find(known);
  const chosen = wanted && known(wanted) ? wanted : (own ?? "en");
  const file = files[`../locales/${chosen}.json`];
  words = file ? { ...en, ...(await file()).default } : en;
  tag = chosen;
  document.documentElement.lang = chosen;
  document.documentElement.dir = words._direction ?? "ltr";
}

export const language = (): string => tag;

/** What a language calls itself. */
export const called = (one: string): string => capital(new Intl.DisplayNames([one], { type: "language" }).of(one) ?? one);

export function t(key: Key, args: Args = {}): string {
  const form = typeof args.count === "number" ? new Intl.PluralRules(tag).select(args.count) : "";
  const none = args.count === 0 ? words[`${key}.zero`] : undefined;
  const said = none ?? words[`${key}.${form}`] ?? words[`${key}.other`] ?? words[key] ?? key;
  return said.replace(/\{(\w+)\}/g, (_, arg: string) => {
    const value = args[arg] ?? "";
    return typeof value === "number" ? value.toLocaleString(locale()) : isolate(value);
  });
}

/** A sentence of the node's, which speaks English. */
export function sentence(said: string): string {
  const known = words[`! ${said}`] ?? said;
  const ended = /[.!?…]$/.test(known) ? known : `${known}.`;
  return capital(ended);
}

/** A list of names as a sentence has it. */
export const names = (all: string[]): string => new Intl.ListFormat(locale()).format(all.map(isolate));

const capital = (text: string): string => text.charAt(0).toLocaleUpperCase(tag) + text.slice(1);
const [FIRST_STRONG, POP] = [String.fromCharCode(0x2068), String.fromCharCode(0x2069)]; // isolates of Unicode
const isolate = (text: string): string => FIRST_STRONG + text + POP;
