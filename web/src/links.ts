/** A stretch of a message: plain text, or the address it names. */
export interface Stretch {
  readonly text: string;
  /** An http or https address; nothing else becomes a link. */
  readonly href?: string;
}

const CANDIDATE = /https?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence or bracket around an address rather than belonging to it. */
const TRAILING = /[.,;:!?，。；：！？、）】》」]+$/;

/** Cuts text into what is an address and what is not; put together, the stretches are the text again. */
export function stretchesOf(text: string): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    let address = match[0].replace(TRAILING, '');
    if (address.endsWith(')') && !address.includes('(')) address = address.slice(0, -1).replace(TRAILING, '');
    if (!URL.canParse(address)) continue;
    if (match.index > end) stretches.push({ text: text.slice(end, match.index) });
    stretches.push({ text: address, href: address });
    end = match.index + address.length;
  }
  if (end < text.length || stretches.length === 0) stretches.push({ text: text.slice(end) });
  return stretches;
}
