// A language nobody speaks: English turned round and a third longer. What is not mirrored, not
// translated or too tight shows.

import { readFileSync } from "node:fs";

const en = JSON.parse(readFileSync(new URL("../../ui/src/locales/en.json", import.meta.url), "utf8"));
const longer = (said) => `${said} ${said.replaceAll(/\{\w+\}/g, "").slice(0, said.length / 3)}`.trim();
const words = Object.fromEntries(Object.entries(en).map(([key, said]) => [key, `\u202e${longer(said)}\u202c`]));
const file = `export default ${JSON.stringify({ ...words, _direction: "rtl" })}`;

/** From now on Hungarian is that language. */
export async function pseudo(page) {
  await page.route("**/assets/hu-*.js", async (route) => {
    const answer = await route.fetch();
    if ((await answer.text()).includes("_direction")) await route.fulfill({ response: answer, body: file });
    else await route.fulfill({ response: answer });
  });
}
