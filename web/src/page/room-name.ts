const KIND = /^[a-z][a-z0-9]{0,31}:/;
const DEFAULT_KIND = 'channel:';
/** The server's limit for a room's name, in bytes of UTF-8. */
const MAX_BYTES = 255;
/** Characters that are refused in a name: spaces, control characters, unpaired surrogates. */
const UNFIT = /\s|\p{Cc}|\p{Cs}/u;

const encoder = new TextEncoder();

/** True if the page may open a room of this name: `kind:name`, as the server accepts it, and without spaces. */
export function isRoom(room: string): boolean {
  const kind = KIND.exec(room)?.[0];
  if (kind === undefined || kind.length === room.length || UNFIT.test(room)) return false;
  return encoder.encode(room).byteLength <= MAX_BYTES;
}

/** The room named by a user's input: `#General` is `channel:General`. Null if it cannot be a room. */
export function roomOfInput(entered: string): string | null {
  const name = entered.trim().replace(/^#/, '');
  const room = KIND.test(name) ? name : DEFAULT_KIND + name;
  return isRoom(room) ? room : null;
}

/** A room's name as the page shows it: without the kind that most rooms have. */
export function roomTitle(room: string): string {
  return room.startsWith(DEFAULT_KIND) ? room.slice(DEFAULT_KIND.length) : room;
}

/** A room's name within a sentence: `#General` for `channel:General`. */
export function roomMention(room: string): string {
  return room.startsWith(DEFAULT_KIND) ? `#${roomTitle(room)}` : room;
}

/** True for a room of the kind that the page opens by name. */
export const isChannel = (room: string): boolean => room.startsWith(DEFAULT_KIND);

/** True for a name that the room of two users has. */
export const isDirect = (room: string): boolean => room.startsWith('dm:');
