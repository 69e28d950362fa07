// A conversation line by line: days, bubbles joined to groups, and what became of the newest of
// mine. An older one shows its state when that differs from the one below it.

import { midnights } from "./when";
import type { Message, State } from "./wire";

export type Row =
  | { kind: "day"; key: string; at: number }
  | { kind: "message"; key: string; message: Message; first: boolean; last: boolean }
  | { kind: "fact"; key: string; message: Message }
  | { kind: "state"; key: string; message: Message };

const PAUSE = 10 * 60_000; // after so long a group of bubbles ends

const isBubble = (message: Message): boolean => message.content !== "expiry";
const joined = (one: Message | undefined, other: Message | undefined): boolean =>
  one !== undefined && other !== undefined && isBubble(one) && isBubble(other) &&
  one.mine === other.mine && Math.abs(other.at - one.at) < PAUSE && midnights(one.at, other.at) === 0;

/** Whether a person should read what became of it. */
const told = (message: Message): boolean =>
  message.mine && (message.content === "text" || message.content === "expiry");

export function rows(messages: Message[]): Row[] {
  const all = messages.filter((message) => message.content !== "act");
  const states = shown(all);
  return all.flatMap((message, at): Row[] => {
    const before = all[at - 1];
    const made: Row[] = [];
    if (!before || midnights(before.at, message.at) !== 0) made.push({ kind: "day", key: `day ${message.id}`, at: message.at });
    const breaks = before !== undefined && states.has(before.id);
    const cut = states.has(message.id);
    if (isBubble(message)) {
      const first = breaks || !joined(before, message);
      const last = cut || !joined(message, all[at + 1]);
      made.push({ kind: "message", key: message.id, message, first, last });
    } else made.push({ kind: "fact", key: message.id, message });
    if (cut) made.push({ kind: "state", key: `state ${message.id}`, message });
    return made;
  });
}

/** The messages that show their state: going up from the newest of mine, whenever it differs. */
function shown(all: Message[]): Set<string> {
  const found = new Set<string>();
  let below: State | undefined;
  for (const message of all.toReversed().filter(told)) {
    if (message.state !== below) found.add(message.id);
    below = message.state;
  }
  return found;
}
