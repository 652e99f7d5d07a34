import type { Texts } from '../i18n/language.ts';
import type { SidebarRoom } from './sidebar-rooms.ts';

/** Title of the page: the room that is shown, if any, and the number of unread messages in all rooms of the list. */
export function pageTitle(texts: Texts, rooms: readonly Pick<SidebarRoom, 'unread'>[], shown: string | null): string {
  const unread = rooms.reduce((sum, { unread }) => sum + unread, 0);
  const name = shown === null ? 'ChatCluster' : `${shown} · ChatCluster`;
  return unread > 0 ? `(${texts.number(unread)}) ${name}` : name;
}
