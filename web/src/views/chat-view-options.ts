import type { Chat } from '../../../client/chat.ts';
import type { Clock } from '../../../server/time/clock.ts';
import type { Texts } from '../i18n/language.ts';
import type { OpenRooms } from '../page/open-rooms.ts';
import type { JoinLink } from '../page/page-url.ts';

/** Parts that the signed-in page is made from. */
export interface ChatViewOptions {
  readonly texts: Texts;
  readonly chat: Chat;
  readonly clock: Clock;
  readonly openRooms: OpenRooms;
  /** Unsent texts by room. */
  readonly drafts: Map<string, string>;
  readonly languageSelect: HTMLElement;
  /** Room to show first; null for the first of {@link openRooms}. */
  readonly room: string | null;
  /** Link into a room that the page was opened with. */
  readonly joinLink: JoinLink | null;
  readonly onRoom: (room: string) => void;
  readonly onSignOut: () => void;
  readonly onTitle: (title: string) => void;
}
