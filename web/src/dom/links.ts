/** A stretch of a message: plain text, or the address it names. */
export interface Stretch {
  readonly text: string;
  /** An http or https address; nothing else becomes a link. */
  readonly href?: string;
}

const CANDIDATE = /https?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence or bracket around an address rather than belonging to it. */
const TRAILING: ReadonlySet<string> = new Set('.,;:!?，。；：！？、）】》」');
/** Characters of the longest address: what browsers and servers commonly take. */
const MOST_CHARACTERS = 2_048;

/** Cuts text into what is an address and what is not; put together, the stretches are the text again. */
export function stretchesOf(text: string): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    let address = withoutTrailing(match[0]);
    if (address.endsWith(')') && !address.includes('(')) address = withoutTrailing(address.slice(0, -1));
    if (address.length > MOST_CHARACTERS || !URL.canParse(address)) continue;
    if (match.index > end) stretches.push({ text: text.slice(end, match.index) });
    stretches.push({ text: address, href: address });
    end = match.index + address.length;
  }
  if (end < text.length || stretches.length === 0) stretches.push({ text: text.slice(end) });
  return stretches;
}

/** Walks back from the end: a regular expression would try again from each such character within the text. */
function withoutTrailing(address: string): string {
  let end = address.length;
  while (end > 0 && TRAILING.has(address.charAt(end - 1))) end--;
  return address.slice(0, end);
}
