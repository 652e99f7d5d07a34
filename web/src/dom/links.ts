/** A stretch of a message: plain text, or the address it names. */
export interface Stretch {
  readonly text: string;
  /** An http or https address; nothing else becomes a link. */
  readonly href?: string;
}

const CANDIDATE = /https?:\/\/[^\s<>"'`]+/gi;
/** Characters at the end of an address that belong to the sentence or the brackets around it. */
const TRAILING: ReadonlySet<string> = new Set('.,;:!?，。；：！？、）】》」');
/** Characters of the longest address that becomes a link: browsers and servers commonly accept as many. */
const MOST_CHARACTERS = 2_048;

/** Cuts text into addresses and the text between them. Joined, the stretches are `text` again. */
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

/** Removes them one by one from the end: a regular expression would try again from each such character in the text. */
function withoutTrailing(address: string): string {
  let end = address.length;
  while (end > 0 && TRAILING.has(address.charAt(end - 1))) end--;
  return address.slice(0, end);
}
