// Where the person is: the screen, and what it is about. The browser's Back leads back.

export type Screen =
  | { name: "home" }
  | { name: "talk"; friend: string; message?: string; beside?: Beside }
  | { name: "add" }
  | { name: "device"; joining: boolean }
  | { name: "introduce"; friend: string }
  | { name: "settings" | "devices" | "safe" | "look" | "help" }
  | { name: "name" | "invited" };

/** What stands beside a conversation. */
export type Beside = { name: "friend" } | { name: "why"; message?: string } | { name: "safety" } | { name: "search" };

const read = (): Screen => (history.state as Screen | null) ?? { name: "home" };

let here: Screen = $state.raw(read());
addEventListener("popstate", () => (here = read()));

export const place = (): Screen => here;

export function go(screen: Screen, how: "push" | "instead" = "push"): void {
  if (how === "push") history.pushState(screen, "");
  else history.replaceState(screen, "");
  here = screen;
}

/** One step back; from the first screen, home. */
export function back(): void {
  if (here.name === "talk" && here.beside) return go({ name: "talk", friend: here.friend }, "instead");
  go({ name: "home" }, "instead");
}
