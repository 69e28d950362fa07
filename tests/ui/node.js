// Real nodes with their pages: started, befriended, stopped and killed.
//
// COVEY names the program. PAGE=folder shows the page in that folder in the place of the one the
// program was built with, so that a page can be tried without building the program anew.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const TARGET = process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, "../../target");
export const PROGRAM = process.env.COVEY ?? join(TARGET, "debug/covey");
const LOOPBACK = "/ip4/127.0.0.1/udp/0/quic-v1";

/** A node on a home of its own. */
export async function node(name) {
  const home = mkdtempSync(join(tmpdir(), "covey-ui-"));
  const here = { home, name, port: 0, ...(await run(home, 0)) };
  here.port = new URL(here.web).port;
  const cli = (...args) => execFileSync(PROGRAM, ["--home", home, ...args], { encoding: "utf8", stdio: "pipe" });
  const call = (method, params) => JSON.parse(cli("api", method, JSON.stringify(params)));
  const self = {
    home,
    web: () => here.web,
    command: (command) => call("command", { do: command }),
    query: (query) => call("query", query),
    friend: (called) => self.query("status").status.friends.find((friend) => friend.name === called),
    say: (friend, text) => self.command({ send: { friend, text } }).sent,
    stop: (signal = "SIGTERM") => ended(here.child, signal),
    async start() {
      Object.assign(here, await run(home, here.port));
    },
    async remove() {
      await self.stop("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
  };
  if (name) self.command({ set_name: { name } });
  return self;
}

async function run(home, port) {
  const args = ["run", "--home", home, "--no-lan", "--listen", LOOPBACK, "--web", `127.0.0.1:${port}`, "--json"];
  const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, RUST_LOG: "error" } });
  for await (const line of createInterface(child.stdout)) {
    const { ready } = JSON.parse(line);
    if (ready) return { child, web: ready.web };
  }
  throw new Error(`${PROGRAM} did not start`);
}

function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  return new Promise((done) => child.once("exit", done));
}

/** Makes friends of two, who call each other by their names. */
export async function befriend(one, other) {
  other.command({ accept: { text: one.command({ invite: { kind: "link", ttl: null } }).invite } });
  const friends = (node) => node.query("status").status.friends;
  await until(() => friends(one).some(({ id, online }) => online && friends(other).some((friend) => friend.id === id && friend.online)));
}

/** Waits for what comes by itself; asks again and again, for there is nothing to listen to. */
export async function until(so, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) if (await so()) return;
  throw new Error(`did not come: ${so}`);
}
