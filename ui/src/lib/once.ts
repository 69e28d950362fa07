// Does something once for all who ask while it is under way, and once more after that.

export function once(work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  return async function run(): Promise<void> {
    again = running;
    if (running) return;
    running = true;
    try {
      await work();
    } catch {
      // whoever asks next tries again
    } finally {
      running = false;
      if (again) void run();
    }
  };
}
