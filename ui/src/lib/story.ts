// Why a message is not there, or how a friend is reached: what is so, who has it, what comes next.
//
// Each sentence says what one fact proves and no more. What is not known is not said; no address,
// port or key is ever named.

import { sentence, t, type Key } from "./i18n.svelte";
import { moment, span } from "./when";
import type { Cause, Here, Party, Tried, Why } from "./wire";

export type Step = { dot: "on" | "did" | "try" | ""; title: string; side?: string };
export type Told = { title: string; steps: Step[] };

export function story(why: Why): Told {
  const { friend, message, here } = why;
  const name = friend.name;
  const heading: Key =
    message?.mine === false ? "why.theirs"
    : message?.state === "read" ? "state.read"
    : message?.state === "delivered" ? "why.there"
    : message ? "why.not_there"
    : friend.online ? "why.linked" : "why.away";
  const told = parties(why);
  return { title: t(heading, { name }), steps: [...general(why), ...told.so, ...waits(why, here), ...told.next] };
}

/** What is so whatever the friend's devices do. */
function general({ friend, message, forked, here }: Why): Step[] {
  const name = friend.name;
  const steps: Step[] = [];
  const say = (title: string, side?: string): unknown => steps.push({ dot: "did", title, side });
  if (message && !message.mine) say(t(message.text === null ? "why.newer" : "why.here"));
  if (message?.clock_ahead) say(t("why.clock", { name: message.from }), t("why.clock.side"));
  if (forked) say(t("why.forked"), t("why.forked.side"));
  if (here.stopped) say(t("why.stopped"), sentence(here.stopped));
  if (friend.blocked) say(t("why.blocked", { name }));
  else if (friend.standing === "waiting") say(t("why.unanswered", { name }), t("why.unanswered.side"));
  else if (friend.standing === "used_up") say(t("standing.used_up", { name }), t("standing.ask_again", { name }));
  else if (friend.standing === "expired") say(t("standing.expired", { name }), t("standing.ask_again", { name }));
  if (!here.network && !here.stopped) say(t("why.no_network"), t("why.no_network.side"));
  return steps;
}

const KINDS = { phone: "why.phone", pc: "why.computer", always_on: "why.server" } as const;

/** Of each device of the friend: what is so, and what comes next. */
function parties(why: Why): { so: Step[]; next: Step[] } {
  const kinds = why.parties.map(({ kind }) => (typeof kind === "string" ? kind : "inviter"));
  const all = why.parties.map((party, at) => {
    const kind = party.kind;
    const alike = kinds.filter((other) => other === kinds[at]).length;
    const count = alike > 1 ? ` ${kinds.slice(0, at + 1).filter((other) => other === kinds[at]).length}` : "";
    const base = typeof kind === "string" ? t(KINDS[kind], { name: why.friend.name }) : t("why.inviter", { name: why.friend.name });
    return { so: one(party, base + count, why.here, why.friend.name), next: coming(party, base + count, why.here) };
  });
  return { so: all.flatMap(({ so }) => so), next: all.flatMap(({ next }) => next) };
}

function one(party: Party, who: string, here: Here, name: string): Step[] {
  const steps: Step[] = [];
  const { linked, share, ahead } = party;
  if (ahead) steps.push({ dot: "did", title: t(ahead > 0 ? "why.ahead" : "why.behind", { who, span: span(Math.abs(ahead)) }) });
  if (share && typeof share !== "string" && "held" in share) {
    const since = share.held.since;
    const title = since === null ? t("why.has", { who }) : t("why.has_since", { who, at: moment(since, here.now) });
    steps.push({ dot: "did", title });
  }
  if (linked) {
    const side = share && typeof share !== "string" && ("sent" in share || "behind" in share) ? t("why.unacknowledged") : t("why.direct");
    return [...steps, { dot: "on", title: t("why.here_since", { who, at: moment(linked.since, here.now) }), side }];
  }
  if (typeof party.kind !== "string") {
    const at = moment(party.kind.inviter.expires, here.now);
    return [...steps, { dot: "try", title: t("why.sought", { who }), side: [t("why.good_until", { at }), ...looked(party, here, name)].join(" ") }];
  }
  const seen = party.seen === null ? t("why.never") : t("why.last", { at: moment(party.seen, here.now) });
  return [...steps, { dot: "did", title: t("why.not_here", { who }), side: [seen, ...looked(party, here, name)].join(" ") }];
}

/** Where it was looked for in vain. */
function looked(party: Party, here: Here, name: string): string[] {
  const said: string[] = [];
  if (party.near === "heard") said.push(t("why.near"));
  else if (party.next !== "unsought" && here.lan) said.push(t("why.not_near"));
  const causes = new Set(party.tried.map(({ last }) => last?.why).filter((why): why is Cause => !!why));
  for (const cause of causes) said.push(t(`why.cause.${cause}`, { name }));
  return said;
}

function coming(party: Party, who: string, here: Here): Step[] {
  const side = party.linked ? "" : next(party, here);
  return side ? [{ dot: "try", title: t("why.next", { who }), side }] : [];
}

function next({ next, tried }: Party, here: Here): string {
  if (typeof next !== "string") return t("why.again_in", { span: span(Math.max(1_000, next.dial.at - here.now)) });
  if (next === "dialling") return t(tried.some((one: Tried) => one.dialling) ? "why.calling" : "why.queued");
  if (next === "queued") return t("why.queued");
  return next === "no_address" ? t("why.no_address") : "";
}

/** Who has it until then. */
function waits({ message }: Why, here: Here): Step[] {
  if (!message?.mine || !["waiting", "sending"].includes(message.state)) return [];
  return [{ dot: "", title: t("why.waits"), side: t("why.waits.side", { at: moment(Math.min(message.at, here.now), here.now) }) }];
}
