import { isRoom } from './room-name.ts';

/** Address of the gateway's WebSocket. It is relative to the page, so that a proxy may serve both under any path. */
export function websocketUrl(base: string): string {
  const url = new URL('connection/websocket', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  url.search = '';
  return url.href;
}

/** The room named after `#` in the page's address, or null. */
export function roomOfHash(hash: string): string | null {
  try {
    const room = decodeURIComponent(hash.replace(/^#/, ''));
    return isRoom(room) ? room : null;
  } catch {
    return null;
  }
}

export const hashOfRoom = (room: string): string => `#${encodeURI(room).replaceAll('#', '%23')}`;

/** A room with the token of a link into it. */
export interface JoinLink {
  readonly room: string;
  readonly token: string;
}

const JOIN = /^#join=(.+)\/([\w-]{1,64})$/;

/** The link into a room that the page's address is, or null. */
export function joinLinkOfHash(hash: string): JoinLink | null {
  const [, encoded, token] = JOIN.exec(hash) ?? [];
  if (encoded === undefined || token === undefined) return null;
  try {
    const room = decodeURIComponent(encoded);
    return isRoom(room) ? { room, token } : null;
  } catch {
    return null;
  }
}

/** Address of this page that leads into a room. The token stays behind `#`, which browsers do not send to servers. */
export const urlOfJoinLink = (base: string, { room, token }: JoinLink): string => {
  const url = new URL(base);
  url.hash = `join=${encodeURI(room)}/${token}`;
  return url.href;
};
