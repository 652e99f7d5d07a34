import type { Chat } from '../../../client/chat.ts';
import type { Texts } from '../i18n/language.ts';
import { isChannel, roomMention, roomTitle } from './room-name.ts';

/** Names of rooms as people know them: the other user of two, the one that the room was given, else what its id says. */
export class RoomNames {
  readonly #texts: Texts;
  readonly #chat: Chat;

  constructor(texts: Texts, chat: Chat) {
    this.#texts = texts;
    this.#chat = chat;
  }

  title(room: string): string {
    return this.#given(room) ?? (hasMadeId(room) ? this.#texts.text('rooms.unnamed') : roomTitle(room));
  }

  /** The name within a sentence. */
  mention(room: string): string {
    const given = this.#given(room);
    if (given !== undefined) return isChannel(room) ? `#${given}` : given;
    return hasMadeId(room) ? this.#texts.text('rooms.unnamed') : roomMention(room);
  }

  /** The other user of a room of two; undefined for other rooms, and while it is not known. */
  otherOf(room: string): string | undefined {
    const info = this.#chat.rooms.find(({ name }) => name === room)?.info;
    return info?.other || this.#chat.roomList.rooms.find(each => each.room === room)?.user || undefined;
  }

  #given(room: string): string | undefined {
    const info = this.#chat.rooms.find(({ name }) => name === room)?.info;
    const listed = this.#chat.roomList.rooms.find(each => each.room === room);
    return info?.other || listed?.user || info?.state?.name || listed?.name || undefined;
  }
}

/** True for a room that `room.create` has named: its id says nothing to people. */
const hasMadeId = (room: string): boolean => /:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(room);
