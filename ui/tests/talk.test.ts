import { afterEach, describe, expect, it, vi } from "vitest";

import { Talk } from "../src/lib/talk.svelte";
import { ANA, message, node } from "./mock";

const many = (count: number) => Array.from({ length: count }, (_, number) => message(number));
const ends = ({ messages }: Talk) => [messages[0]?.text, messages.at(-1)?.text];
const opened = async (log = many(1_000), at?: string) => {
  const behind = node(log);
  const talk = new Talk(ANA, at);
  await vi.waitFor(() => expect(talk.ready).toBe(true));
  left.push(talk.leave);
  return { ...behind, talk, behind };
};
const left: (() => void)[] = [];

describe("a conversation's window", () => {
  afterEach(() => left.splice(0).forEach((leave) => leave()));

  it("opens at the newest messages", async () => {
    const { talk } = await opened();
    expect(ends(talk)).toEqual(["text 940", "text 999"]);
    expect(talk.whole).toEqual({ start: false, end: true });
  });

  it("slides up and holds no more than it may", async () => {
    const { talk } = await opened();
    for (let step = 0; step < 10; step++) await talk.older();
    expect(talk.messages).toHaveLength(240);
    expect(ends(talk)).toEqual(["text 340", "text 579"]);
    expect(talk.whole).toEqual({ start: false, end: false });
  });

  it("comes back down to the end without a gap", async () => {
    const { talk } = await opened();
    for (let step = 0; step < 6; step++) await talk.older();
    for (let step = 0; step < 9; step++) await talk.newer();
    const numbers = talk.messages.map(({ text }) => Number(text?.slice(5)));
    expect(numbers.every((number, at) => at === 0 || number === (numbers[at - 1] ?? 0) + 1)).toBe(true);
    expect(ends(talk)[1]).toBe("text 999");
    expect(talk.whole.end).toBe(true);
  });

  it("knows the first message when it is there", async () => {
    const { talk } = await opened(many(20));
    expect(talk.whole).toEqual({ start: true, end: true });
  });

  it("jumps into the middle, and to both ends", async () => {
    const { talk } = await opened(many(1_000), message(500).id);
    expect(ends(talk)).toEqual(["text 440", "text 560"]);
    await talk.oldest();
    expect(talk.whole).toEqual({ start: true, end: false });
    await talk.newest();
    expect(ends(talk)[1]).toBe("text 999");
  });

  it("shows a message that comes late where the node puts it", async () => {
    const { talk, behind, tell } = await opened(many(10));
    const late = message(3, { id: "f".repeat(64), text: "late" });
    behind.log.splice(4, 0, late);
    tell({ message: late });
    await vi.waitFor(() => expect(talk.messages[4]?.text).toBe("late"));
  });

  it("changes a message in its place, and reads nothing for it", async () => {
    const { talk, asked, tell } = await opened(many(10));
    const before = asked.length;
    tell({ message: message(5, { text: "anew", edited: true }) });
    expect(talk.messages[5]?.text).toBe("anew");
    expect(asked.slice(before).filter((query) => typeof query === "object" && "log" in query && query.log.limit > 1)).toEqual([]);
  });

  it("reads once for a burst", async () => {
    const { talk, behind, asked, tell } = await opened(many(10));
    const before = asked.length;
    for (let number = 10; number < 60; number++) {
      behind.log.push(message(number));
      tell({ message: message(number) });
    }
    await vi.waitFor(() => expect(talk.messages).toHaveLength(60));
    expect(asked.slice(before).filter((query) => typeof query === "object" && "log" in query && query.log.limit > 1).length).toBeLessThan(4);
  });

  it("stays where it is when something comes below", async () => {
    const { talk, behind, tell } = await opened();
    for (let step = 0; step < 6; step++) await talk.older();
    const before = ends(talk);
    behind.log.push(message(1_000));
    tell({ message: message(1_000) });
    await new Promise((done) => setTimeout(done, 5));
    expect(ends(talk)).toEqual(before);
  });
});
