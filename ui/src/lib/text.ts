// What is in a text besides letters: addresses of pages, and the few marks people type.
//
// Nothing here makes HTML: pieces are drawn as elements. Each mark has to hug what it marks and
// stay on one line, so that 2*3*4 and snake_case stay what they are.

export type Piece = { text: string; as: "plain" | "bold" | "slant" | "code" | "link"; to?: string };

const MARKS = /(?<link>https?:\/\/[^\s<>"\u2068\u2069]+)|(?<![\p{L}\p{N}*])\*(?<bold>[^\s*](?:[^*\n]{0,500}[^\s*])?)\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])_(?<slant>[^\s_](?:[^_\n]{0,500}[^\s_])?)_(?![\p{L}\p{N}_])|`(?<code>[^`\n]{1,500})`/gu;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  const plain = (end: number): void => {
    if (end > at) found.push({ text: text.slice(at, end), as: "plain" });
  };
  for (const match of text.matchAll(MARKS)) {
    plain(match.index);
    const { link, bold, slant, code } = match.groups ?? {};
    at = match.index + match[0].length;
    if (link) {
      const address = trimmed(link);
      at -= link.length - address.length;
      found.push({ text: address, as: "link", to: address });
    } else if (bold) found.push({ text: bold, as: "bold" });
    else if (slant) found.push({ text: slant, as: "slant" });
    else found.push({ text: code ?? "", as: "code" });
  }
  plain(text.length);
  return found;
}

/** An address in a sentence ends before what ends the sentence, or closes what opened before it. */
function trimmed(link: string): string {
  let end = link.replace(/[.,;:!?…'"»”]+$/u, "");
  while (end.endsWith(")") && end.split("(").length < end.split(")").length) end = end.slice(0, -1);
  return end;
}

/** Whether a text is a few emoji and nothing else. */
export const isEmoji = (text: string): boolean =>
  text.length < 40 && /^(?:\p{RGI_Emoji}\s*){1,3}$/v.test(text.trim());

export const LONG = 1_200;
const TALL = 24;

/** What is shown of a long text before somebody asks for all of it. */
export function opening(text: string): string | null {
  const lines = text.split("\n", TALL + 1);
  if (text.length <= LONG && lines.length <= TALL) return null;
  const cut = lines.slice(0, TALL).join("\n").slice(0, LONG);
  return cut.replace(/[\uD800-\uDBFF]$/, "");
}
