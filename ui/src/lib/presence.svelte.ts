// When somebody was last there, as far as that is proved.

import { t } from "./i18n.svelte";
import { model } from "./model.svelte";
import { moment } from "./when";
import type { Friend } from "./wire";

/** Tells it of one friend: asked when he goes, or was away when we looked. */
export function presence(id: string): (friend: Friend) => string {
  let seen: number | null = $state(null);
  const here = $derived(model.friend(id)?.online ?? false);

  $effect(() => {
    if (here) return;
    void model.query({ why: { friend: id } }, "why").then(
      ({ parties }) => (seen = Math.max(0, ...parties.map((party) => party.seen ?? 0)) || null),
      () => (seen = null),
    );
  });

  return (friend) => {
    if (friend.blocked) return t("presence.blocked");
    if (friend.standing === "waiting") return t("presence.unanswered");
    if (friend.standing !== "friend") return t("presence.never");
    if (here) return t("presence.here");
    return seen === null ? t("presence.unknown") : t("presence.last", { at: moment(seen, model.now) });
  };
}
