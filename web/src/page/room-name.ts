const KIND = /^[a-z][a-z0-9]{0,31}:/;
const DEFAULT_KIND = 'channel:';
/** The server's limit, in bytes of UTF-8. */
const MAX_BYTES = 255;
/** Characters that no name has: spaces, control characters, halves of characters. */
const UNFIT = /\s|\p{Cc}|\p{Cs}/u;

const encoder = new TextEncoder();

/** True if the page may open a room of this name: `kind:name`, as the server takes it, and without spaces. */
export function isRoom(room: string): boolean {
  const kind = KIND.exec(room)?.[0];
  if (kind === undefined || kind.length === room.length || UNFIT.test(room)) return false;
  return encoder.encode(room).byteLength <= MAX_BYTES;
}

/** The room somebody means who typed `entered`: `#General` is `channel:General`. Null if it cannot be a room. */
export function roomOfInput(entered: string): string | null {
  const name = entered.trim().replace(/^#/, '');
  const room = KIND.test(name) ? name : DEFAULT_KIND + name;
  return isRoom(room) ? room : null;
}

/** A room as people read it: without the kind that most rooms have. */
export function roomTitle(room: string): string {
  return room.startsWith(DEFAULT_KIND) ? room.slice(DEFAULT_KIND.length) : room;
}

/** A room as it is named within a sentence. */
export function roomMention(room: string): string {
  return room.startsWith(DEFAULT_KIND) ? `#${roomTitle(room)}` : room;
}
