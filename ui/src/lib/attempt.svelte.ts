// Something that a person asks for here: whether it is under way, and the sentence it failed with.

import { sentence } from "./i18n.svelte";
import type { Failure } from "./wire";

export class Attempt {
  trouble = $state("");
  busy = $state(false);

  /** Whether it was done. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    [this.busy, this.trouble] = [true, ""];
    try {
      await work();
    } catch (failure) {
      this.trouble = sentence((failure as Failure).message);
    } finally {
      this.busy = false;
    }
    return !this.trouble;
  }
}
