// What is known of the node: a fold over what it tells. Decides nothing.
//
// A snapshot replaces all; what came between two snapshots changes one thing. The order and the
// state of messages are the node's, so whatever touches them is read anew, once for a burst.

import { SvelteMap } from "svelte/reactivity";

import { connect, type Backend, type Line } from "./backend";
import { once } from "./once";
import type { Adding, Answer, Command, Devices, Event, Failure, Friend, InviteKind, Message, Query, Reply, Status } from "./wire";

type Told<K extends string> = Extract<Answer, Record<K, unknown>>[K & keyof Extract<Answer, Record<K, unknown>>];
/** What a person should hear, wherever that person is. */
export type Notice = "used_again" | "removed" | { rekeyed: string } | { failed: string };

const FRESH = 15_000; // how old what is told of the network and the disk may be

class Model {
  line: Line = $state("opening");
  status: Status | null = $state.raw(null);
  devices: Devices | null = $state.raw(null);
  adding: Adding | null = $state.raw(null);
  /** The newest message of each conversation. */
  latest = new SvelteMap<string, Message>();
  notices: Notice[] = $state.raw([]);
  now = $state(Date.now());
  /** Whether a person looks at this page. */
  looked = $state(true);

  friends = $derived(this.status?.friends ?? []);
  removed = $derived(this.status?.removed ?? false);
  offline = $derived(this.status?.addresses.length === 0);
  unread = $derived(this.friends.reduce((sum, friend) => sum + friend.unread, 0));
  here = $derived(this.friends.filter((friend) => friend.online).length);

  #backend: Backend | undefined;
  #watchers = new Set<(event: Event) => void>();
  #newest = new Map<string, () => void>();

  start(open = connect): void {
    this.#backend = open({ event: (event) => this.hear(event), line: (line) => (this.line = line) });
    for (const change of ["focus", "blur", "visibilitychange"]) addEventListener(change, () => (this.looked = document.hasFocus()));
    setInterval(() => (this.now = Date.now()), 1_000);
    setInterval(() => document.visibilityState === "visible" && this.line === "open" && void this.refresh(), FRESH);
  }

  friend = (id: string): Friend | undefined => this.friends.find((friend) => friend.id === id);

  /** Does something; what fails is said to the person, and thrown. */
  async command(command: Command): Promise<Reply> {
    return this.#said(await this.#ready().command(command).catch((failure: Failure) => failure));
  }

  /** The same, where the caller tells the person. */
  attempt = (command: Command): Promise<Reply> => this.#ready().command(command);

  async invite(kind: InviteKind): Promise<string> {
    const reply = await this.attempt({ invite: { kind, ttl: null } });
    return typeof reply === "object" && "invite" in reply ? reply.invite : "";
  }

  /** Answers an invite; whose friend we are to be. */
  async accept(text: string): Promise<string> {
    const reply = await this.attempt({ accept: { text } });
    return typeof reply === "object" && "friend" in reply ? reply.friend.id : "";
  }

  async query<K extends string>(query: Query, kind: K): Promise<Told<K>> {
    const answer = await this.#ready().query(query);
    return (typeof answer === "string" ? answer : answer[kind as keyof Answer]) as Told<K>;
  }

  scan = (picture: Blob): Promise<string> => this.#ready().scan(picture);
  save = (passphrase: string): Promise<Blob> => this.#ready().backup(passphrase);
  log = (query: Extract<Query, { log: unknown }>["log"]): Promise<Message[]> => this.query({ log: query }, "log");

  watch(hear: (event: Event) => void): () => void {
    this.#watchers.add(hear);
    return () => this.#watchers.delete(hear);
  }

  say(notice: Notice): void {
    this.notices = [...this.notices, notice].slice(-3);
  }

  hear(event: Event): void {
    if (event === "devices") void this.#readDevices();
    else if (event === "invite_used_again") this.say("used_again");
    else if (event === "removed") void this.refresh();
    else if ("snapshot" in event) this.#know(event.snapshot);
    else if ("message" in event) this.#newer(event.message.friend);
    else if ("delivered" in event) this.#newer(event.delivered.friend);
    else if ("friend" in event) this.#put(event.friend);
    else if ("rekeyed" in event) {
      this.#put(event.rekeyed);
      this.say({ rekeyed: event.rekeyed.name });
    } else if ("friend_gone" in event) this.#drop(event.friend_gone.friend);
    else if ("offer" in event) void this.refresh();
    else if ("adding" in event) this.adding = event.adding;
    for (const watcher of this.#watchers) watcher(event);
  }

  #ready(): Backend {
    if (!this.#backend) throw new Error("nothing is asked before the start");
    return this.#backend;
  }

  #said(reply: Reply | Failure): Reply {
    if (typeof reply === "string" || !("message" in reply)) return reply;
    this.say({ failed: reply.message });
    throw reply;
  }

  /** Reads what has no event of its own: the network, the disk, offers. */
  async refresh(): Promise<void> {
    this.#know(await this.query("status", "status"));
  }

  async #readDevices(): Promise<void> {
    this.devices = await this.query("devices", "devices");
    this.adding = this.devices.adding ?? this.adding; // that one was added is told once
  }

  #know(status: Status): void {
    const known = new Set(this.friends.map((friend) => friend.id));
    this.status = status;
    for (const { id } of status.friends) if (!known.has(id)) this.#newer(id);
    if (!this.devices) void this.#readDevices();
  }

  #put(friend: Friend): void {
    if (!this.status) return;
    const others = this.friends.filter((other) => other.id !== friend.id);
    const friends = [...others, friend].sort((one, other) => (one.name < other.name ? -1 : 1));
    this.status = { ...this.status, friends };
    this.#newer(friend.id);
  }

  #drop(id: string): void {
    if (!this.status) return;
    this.status = { ...this.status, friends: this.friends.filter((friend) => friend.id !== id) };
    this.latest.delete(id);
  }

  #newer(friend: string): void {
    const read = once(async () => {
      const [newest] = await this.log({ friend, page: "newest", limit: 1 });
      if (newest) this.latest.set(friend, newest);
      else this.latest.delete(friend);
    });
    const known = this.#newest.get(friend) ?? read;
    this.#newest.set(friend, known);
    known();
  }
}

export const model = new Model();
