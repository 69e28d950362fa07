// Where the node is: the only file that knows.
//
// In the browser edition that is a WebSocket to whoever served this page. It carries the token that
// stood in the address as the second name of its protocol: a page can set no header there. The line
// is opened anew whenever it breaks, and what was asked and not answered is asked again: a command
// has a key, so asking twice does it once.

import type { Answer, Command, Event, Failure, Query, Reply } from "./wire";

/** How it stands with the line: the first try, open, broken and tried again, or the token is wrong. */
export type Line = "opening" | "open" | "lost" | "refused";

export interface Backend {
  command(command: Command): Promise<Reply>;
  query(query: Query): Promise<Answer>;
  /** The text of the code in a picture. */
  scan(picture: Blob): Promise<string>;
  /** A backup that this passphrase opens. */
  backup(passphrase: string): Promise<Blob>;
}

export interface Listener {
  event(event: Event): void;
  line(line: Line): void;
}

type Told = { id?: number; result?: unknown; error?: Failure; method?: string; params?: Event };
type Asked = { text: string; done: (result: unknown) => void; failed: (failure: Failure) => void };

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8_000;
const REFUSED = 1008; // how the node closes a line whose token is wrong

export function connect(listener: Listener): Backend {
  const token = held();
  const asked = new Map<number, Asked>();
  let socket: WebSocket | undefined;
  let last = 0;
  let pause = FIRST_PAUSE;

  function open(): void {
    socket = new WebSocket(`ws://${location.host}/api`, ["covey", token]);
    socket.onopen = () => {
      pause = FIRST_PAUSE;
      socket?.send(JSON.stringify({ jsonrpc: "2.0", id: 0, method: "events" }));
      for (const { text } of asked.values()) socket?.send(text);
      listener.line("open");
    };
    socket.onmessage = ({ data }) => hear(JSON.parse(String(data)) as Told);
    socket.onclose = ({ code }) => {
      if (code === REFUSED) return listener.line("refused");
      listener.line("lost");
      setTimeout(open, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    };
  }

  function hear({ id, result, error, method, params }: Told): void {
    if (method === "event" && params) return listener.event(params);
    const waiting = asked.get(id ?? 0);
    asked.delete(id ?? 0);
    if (error) waiting?.failed(error);
    else waiting?.done(result);
  }

  function call(method: string, params: object | string): Promise<unknown> {
    const id = ++last;
    const text = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    if (socket?.readyState === WebSocket.OPEN) socket.send(text);
    return new Promise((done, failed) => asked.set(id, { text, done, failed }));
  }

  /** What is no JSON; a refusal is a sentence. */
  async function post(path: string, body: Blob | string): Promise<Response> {
    const answer = await fetch(path, { method: "POST", body, headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw { code: 1, message: await answer.text() } satisfies Failure;
    return answer;
  }

  listener.line("opening");
  open();
  return {
    command: (command) => call("command", { do: command, key: crypto.randomUUID() }) as Promise<Reply>,
    query: (query) => call("query", query) as Promise<Answer>,
    scan: async (picture) => (await post("/qr", picture)).text(),
    backup: async (passphrase) => (await post("/backup", passphrase)).blob(),
  };
}

/** The token, which does not stay in the address bar. */
function held(): string {
  const shown = new URLSearchParams(location.hash.slice(1)).get("token");
  if (shown) {
    sessionStorage.setItem("token", shown);
    history.replaceState(history.state, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "none";
}
