const KIND = /^[a-z][a-z0-9]{0,31}:/;
const DEFAULT_KIND = 'channel:';
const MAX_LENGTH = 200;

/** The room somebody means who typed `entered`: `#General` is `channel:General`. Null if it cannot be a room. */
export function roomOfInput(entered: string): string | null {
  const name = entered.trim().replace(/^#/, '');
  const room = KIND.test(name) ? name : DEFAULT_KIND + name;
  const hasName = room.indexOf(':') < room.length - 1;
  return hasName && room.length <= MAX_LENGTH && !/\s/.test(room) ? room : null;
}

/** A room as people read it: without the kind that most rooms have. */
export function roomTitle(room: string): string {
  return room.startsWith(DEFAULT_KIND) ? room.slice(DEFAULT_KIND.length) : room;
}

/** A room as it is named within a sentence. */
export function roomMention(room: string): string {
  return room.startsWith(DEFAULT_KIND) ? `#${roomTitle(room)}` : room;
}
