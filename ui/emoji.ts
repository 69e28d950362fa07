// The emoji of each language as `virtual:emoji/xx`: groups of [emoji, what it is called and found by].
//
// A fifth of what the package ships, and loaded only by who opens the picker.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

type Entry = { unicode: string; label: string; tags?: string[]; group?: number; order?: number };

const PREFIX = "virtual:emoji/";
const COMPONENT = 2; // skin tones and hair, which are no emoji by themselves

export function emoji(): Plugin {
  const find = createRequire(import.meta.url).resolve;
  return {
    name: "emoji",
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return;
      const file = find(`emojibase-data/${id.slice(PREFIX.length + 1)}/compact.json`);
      const all = JSON.parse(readFileSync(file, "utf8")) as Entry[];
      const shown = all.filter((e) => e.group !== undefined && e.group !== COMPONENT);
      shown.sort((one, other) => (one.order ?? 0) - (other.order ?? 0));
      const groups = group(shown);
      return `export default ${JSON.stringify(groups)}`;
    },
  };
}

function group(shown: Entry[]): [string, string][][] {
  const groups = new Map<number, [string, string][]>();
  for (const { unicode, label, tags, group = 0 } of shown) {
    const found = groups.get(group) ?? [];
    groups.set(group, found);
    found.push([unicode, [label, ...(tags ?? [])].join(" ")]);
  }
  return [...groups.values()];
}
