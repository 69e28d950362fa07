import { expect, it } from "vitest";

import { rows } from "../src/lib/rows";
import type { Message, State } from "../src/lib/wire";
import { message } from "./mock";

const kinds = (messages: Message[]) => rows(messages).map((row) => row.kind).join(" ");
const mine = (number: number, state: State, change: Partial<Message> = {}) => message(number, { mine: true, state, ...change });
const states = (messages: Message[]) => rows(messages).filter((row) => row.kind === "state").map((row) => row.key);

it("draws a line between days", () => {
  const next = message(2, { at: message(1).at + 86_400_000 });
  expect(kinds([message(1), next])).toBe("day message day message");
});

it("joins what one person says in one go", () => {
  const [, one, two, three] = rows([message(1), message(2), message(3, { mine: true })]);
  expect(one).toMatchObject({ first: true, last: false });
  expect(two).toMatchObject({ first: false, last: true });
  expect(three).toMatchObject({ first: true, last: true });
});

it("parts what a quarter of an hour parts", () => {
  const [, one, two] = rows([message(1), message(16)]);
  expect(one).toMatchObject({ last: true });
  expect(two).toMatchObject({ first: true });
});

it("says of the newest of mine what became of it", () => {
  expect(states([mine(1, "delivered"), mine(2, "delivered"), message(3)])).toEqual([`state ${mine(2, "delivered").id}`]);
});

it("says it of an older one where that differs", () => {
  const found = states([mine(1, "delivered"), mine(2, "waiting"), mine(3, "waiting")]);
  expect(found).toEqual([`state ${mine(1, "delivered").id}`, `state ${mine(3, "waiting").id}`]);
});

it("says nothing of what others wrote, of what was taken back, and of acts", () => {
  expect(states([message(1), mine(2, "delivered", { content: "taken_back", text: null })])).toEqual([]);
  expect(kinds([message(1, { content: "act" })])).toBe("");
});
