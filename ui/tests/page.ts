// As much of a page as the model touches.

const page = {
  document: { documentElement: { dataset: {}, lang: "", dir: "" }, visibilityState: "visible", hasFocus: () => true },
  navigator: { languages: ["en-GB"] },
  addEventListener: () => {},
  history: { state: null, pushState: () => {}, replaceState: () => {} },
};
for (const [name, value] of Object.entries(page)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
