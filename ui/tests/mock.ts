// A node that keeps a log in memory, for tests of the model. No build of the page contains it.

import type { Backend, Listener } from "../src/lib/backend";
import { model } from "../src/lib/model.svelte";
import type { Answer, Command, Friend, Message, Query, Reply, Status } from "../src/lib/wire";

export const ANA = "a".repeat(64);
const START = Date.UTC(2026, 4, 3, 12);

export const friend = (change: Partial<Friend> = {}): Friend => ({
  id: ANA, name: "Ana", standing: "friend", verified: false, introduced_by: null, safety: null, blocked: false, online: false, unread: 0, keep_for: 0, ...change,
});

export const message = (number: number, change: Partial<Message> = {}): Message => ({
  id: String(number).padStart(64, "0"), friend: ANA, mine: false, from: "Ana", content: "text", text: `text ${number}`, edited: false,
  reply_to: null, reactions: [], keep_for: 0, state: "delivered", at: START + number * 60_000, clock_ahead: false, ...change,
});

export const status = (change: Partial<Status> = {}): Status => ({
  name: "Béla", vault: "file", recovery: true, tells_read: false, removed: false, version: "0.1.0", addresses: ["/ip4/192.168.1.2/tcp/1"], turned_away: 0, ignored: 0, clock: null,
  trouble: null, friends: [friend()], offers: [], former: [], ...change,
});

/** The model over a node with this log; `log` may change, and `tell` says so. */
export function node(log: Message[]): { asked: Query[]; did: Command[]; tell: Listener["event"]; log: Message[] } {
  const asked: Query[] = [];
  const did: Command[] = [];
  const here = { asked, did, log, tell: (event: Parameters<Listener["event"]>[0]): void => model.hear(event) };
  const backend: Backend = {
    command: async (command): Promise<Reply> => (did.push(command), "done"),
    query: async (query): Promise<Answer> => {
      asked.push(query);
      if (typeof query === "object" && "log" in query) return { log: page(here.log, query.log) };
      if (query === "status") return { status: status() };
      return { devices: { devices: [], messages: 0, adding: null } };
    },
    scan: async () => "",
    backup: async () => new Blob(),
  };
  model.start(() => backend);
  return here;
}

function page(log: Message[], { page, limit }: Extract<Query, { log: unknown }>["log"]): Message[] {
  if (page === "newest") return log.slice(-limit);
  if (page === "oldest") return log.slice(0, limit);
  const at = (id: string): number => log.findIndex((message) => message.id === id);
  if ("before" in page) return log.slice(Math.max(0, at(page.before) - limit), at(page.before));
  if ("after" in page) return log.slice(at(page.after) + 1, at(page.after) + 1 + limit);
  const half = Math.floor(limit / 2);
  return log.slice(Math.max(0, at(page.around) - half), at(page.around) + half + 1);
}
