import { beforeEach, expect, it, vi } from "vitest";

import { connect, type Line } from "../src/lib/backend";
import type { Event } from "../src/lib/wire";

class Socket {
  static OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  sent: { id: number; method: string; params: { key?: string } }[] = [];
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onclose = (_: { code: number }) => {};
  constructor(readonly address: string, readonly names: string[]) {
    Socket.all.push(this);
  }
  send = (text: string) => void this.sent.push(JSON.parse(text));
  open() {
    this.readyState = 1;
    this.onopen();
  }
  close(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
  tell = (value: object) => this.onmessage({ data: JSON.stringify(value) });
}
const last = () => Socket.all.at(-1) as Socket;
const kept = new Map<string, string>();
const location = { hash: "#token=abc", host: "127.0.0.1:5000", pathname: "/" };
const heard: Event[] = [];
const lines: Line[] = [];
const listener = { event: (event: Event) => void heard.push(event), line: (line: Line) => void lines.push(line) };

beforeEach(() => {
  Object.assign(globalThis, { WebSocket: Socket, location, sessionStorage: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) } });
  Socket.all = [];
  lines.length = heard.length = 0;
  vi.useFakeTimers();
});

it("shows its token as the second name of the protocol, and nowhere else", () => {
  connect(listener);
  expect(last().address).toBe("ws://127.0.0.1:5000/api");
  expect(last().names).toEqual(["covey", "abc"]);
});

it("listens before all else, and passes on what it hears", () => {
  connect(listener);
  last().open();
  expect(last().sent[0]?.method).toBe("events");
  last().tell({ jsonrpc: "2.0", method: "event", params: "devices" });
  expect(heard).toEqual(["devices"]);
});

it("answers who asked, and tells a failure as one", async () => {
  const node = connect(listener);
  last().open();
  const [one, other] = [node.query("status"), node.command("forget_recovery")];
  const [, first, second] = last().sent;
  last().tell({ id: second?.id, error: { code: 1, message: "no" } });
  last().tell({ id: first?.id, result: { status: {} } });
  expect(await one).toEqual({ status: {} });
  await expect(other).rejects.toEqual({ code: 1, message: "no" });
});

it("asks again with the same key when the line broke before the answer", async () => {
  const node = connect(listener);
  last().open();
  const done = node.command({ send: { friend: "a", text: "once" } });
  const key = last().sent[1]?.params.key;
  last().close();
  expect(lines.at(-1)).toBe("lost");
  vi.advanceTimersByTime(500);
  last().open();
  expect(last().sent[1]?.params.key).toBe(key);
  last().tell({ id: last().sent[1]?.id, result: "done" });
  expect(await done).toBe("done");
});

it("tries again ever more slowly, and not at all where its token is refused", () => {
  connect(listener);
  for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
    const before = Socket.all.length;
    last().close();
    vi.advanceTimersByTime(pause - 1);
    expect(Socket.all).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(Socket.all).toHaveLength(before + 1);
  }
  last().close(1008);
  vi.advanceTimersByTime(60_000);
  expect(lines.at(-1)).toBe("refused");
});
