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
