// A conversation as far as it is on the screen: a window that slides over the log.
//
// Of a hundred thousand messages at most a few hundred are held, those around what is looked at.
// The order is the node's: what comes is never sorted in here, but read with its neighbours.

import { model } from "./model.svelte";
import { once } from "./once";
import type { Event, Message, Page } from "./wire";

const STEP = 60; // what one reading adds
const HELD = 240; // what is held at most

export class Talk {
  messages: Message[] = $state.raw([]);
  /** Whether the window reaches the first and the last message. */
  whole = $state({ start: false, end: true });
  ready = $state(false);

  #refresh = once(() => this.#again());
  #busy = false;
  #leave: () => void;

  constructor(
    readonly friend: string,
    at?: string,
  ) {
    this.#leave = model.watch((event) => this.#hear(event));
    void (at ? this.jump(at) : this.newest());
  }

  leave = (): void => this.#leave();

  async newest(): Promise<void> {
    const found = await this.#page("newest", STEP);
    this.#show(found, { start: found.length < STEP, end: true });
  }

  async oldest(): Promise<void> {
    const found = await this.#page("oldest", STEP);
    this.#show(found, { start: true, end: found.length < STEP });
  }

  /** A message with what is around it. */
  async jump(id: string): Promise<void> {
    if (this.messages.some((message) => message.id === id)) return;
    const found = await this.#page({ around: id }, 2 * STEP);
    const at = found.findIndex((message) => message.id === id);
    this.#show(found, { start: at < STEP, end: found.length - at - 1 < STEP });
  }

  older = (): Promise<void> => this.#alone(async () => {
    const first = this.messages[0];
    if (!first || this.whole.start) return;
    const found = await this.#page({ before: first.id }, STEP);
    const kept = [...found, ...this.messages];
    this.#show(kept.slice(0, HELD), { start: found.length < STEP, end: this.whole.end && kept.length <= HELD });
  });

  newer = (): Promise<void> => this.#alone(async () => {
    const last = this.messages.at(-1);
    if (!last || this.whole.end) return;
    const found = await this.#page({ after: last.id }, STEP);
    const kept = [...this.messages, ...found];
    this.#show(kept.slice(-HELD), { start: this.whole.start && kept.length <= HELD, end: found.length < STEP });
  });

  #page = (page: Page, limit: number): Promise<Message[]> => model.log({ friend: this.friend, page, limit });

  #show(messages: Message[], whole: { start: boolean; end: boolean }): void {
    this.messages = messages;
    this.whole = whole;
    this.ready = true;
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await work().finally(() => (this.#busy = false));
  }

  #hear(event: Event): void {
    if (event === "devices" || event === "removed" || event === "invite_used_again") return;
    if ("snapshot" in event) return this.#refresh();
    if ("message" in event && event.message.friend === this.friend) return this.#put(event.message);
    if ("delivered" in event && event.delivered.friend === this.friend) this.#refresh();
    if ("friend" in event && event.friend.id === this.friend) this.#refresh();
  }

  #put(message: Message): void {
    const at = this.messages.findIndex((known) => known.id === message.id);
    if (at < 0 || message.content === "lacking") return this.#refresh();
    this.messages = this.messages.with(at, message);
  }

  /** The window as it is now; at the end of the log its newest page is read, and joined on. */
  async #again(): Promise<void> {
    const first = this.messages[0];
    if (this.whole.end || !first) {
      const found = await this.#page("newest", Math.max(STEP, Math.min(this.messages.length + 1, HELD)));
      const joint = this.messages.findIndex((message) => message.id === found[0]?.id);
      const before = joint > 0 ? this.messages.slice(0, joint) : [];
      const start = before.length > 0 ? this.whole.start : found.length < STEP;
      return this.#show([...before, ...found].slice(-HELD), { start, end: true });
    }
    const found = await this.#page({ after: first.id }, this.messages.length - 1);
    this.#show([first, ...found], this.whole);
  }
}
