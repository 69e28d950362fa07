// What a friend's line in the list says: what became of my last word, or theirs.

import { t } from "./i18n.svelte";
import { pieces } from "./text";
import { span } from "./when";
import type { Friend, Message } from "./wire";

export type Summary = { state: string; asks: boolean; by: string; text: string };

const STANDING = { waiting: "list.unanswered", used_up: "list.used_up", expired: "list.expired" } as const;

export function summary(friend: Friend, newest: Message | undefined, offline: boolean): Summary {
  const name = friend.name;
  const text = newest ? content(newest) : "";
  const none = { state: "", asks: false, by: "", text };
  if (friend.blocked) return { ...none, state: t("list.blocked"), text: "" };
  if (friend.standing !== "friend") return { ...none, state: t(STANDING[friend.standing], { name }), asks: true };
  if (!newest) return { ...none, text: t("list.nothing") };
  if (!newest.mine || newest.content !== "text") return none;
  if (newest.state === "failed") return { ...none, state: t("list.failed"), asks: true };
  if (newest.state === "waiting") return { ...none, state: t(offline ? "list.no_network" : "list.waiting", { name }), asks: true };
  return { ...none, by: t("list.you") };
}

/** What a message says, in a line. */
export function content(message: Message): string {
  const name = message.from;
  switch (message.content) {
    case "text": return pieces((message.text ?? "").slice(0, 300)).map((piece) => piece.text).join("");
    case "taken_back": return message.mine ? t("message.taken_back_mine") : t("message.taken_back", { name });
    case "expired": return t("message.expired");
    case "lacking": return t("message.lacking");
    case "newer": return t("message.newer");
    case "act": return "";
    case "expiry": return expiry(message);
  }
}

function expiry({ mine, from, keep_for }: Message): string {
  if (keep_for === 0) return mine ? t("message.forever_mine") : t("message.forever", { name: from });
  const args = { name: from, span: span(keep_for) };
  return mine ? t("message.expiry_mine", args) : t("message.expiry", args);
}
