import { blockAdd } from './block-add.ts';
import { blockList } from './block-list.ts';
import { blockRemove } from './block-remove.ts';
import { clientState } from './client-state.ts';
import { dmOpen } from './dm-open.ts';
import { friendAccept } from './friend-accept.ts';
import { friendDecline } from './friend-decline.ts';
import { friendList } from './friend-list.ts';
import { friendRemove } from './friend-remove.ts';
import { friendRequest } from './friend-request.ts';
import { linkCreate } from './link-create.ts';
import { linkList } from './link-list.ts';
import { linkRevoke } from './link-revoke.ts';
import { messageDelete } from './message-delete.ts';
import { messageEdit } from './message-edit.ts';
import { messageGet } from './message-get.ts';
import { messageList } from './message-list.ts';
import { messageReact } from './message-react.ts';
import { messageSend } from './message-send.ts';
import { noticeSend } from './notice-send.ts';
import { presenceUnwatch } from './presence-unwatch.ts';
import { presenceWatch } from './presence-watch.ts';
import { profileGet } from './profile-get.ts';
import { profileSet } from './profile-set.ts';
import { receiptMark } from './receipt-mark.ts';
import { receiptWho } from './receipt-who.ts';
import { roomAccept } from './room-accept.ts';
import { roomAdd } from './room-add.ts';
import { roomApprove } from './room-approve.ts';
import { roomBan } from './room-ban.ts';
import { roomCreate } from './room-create.ts';
import { roomDecline } from './room-decline.ts';
import { roomDelete } from './room-delete.ts';
import { roomDeny } from './room-deny.ts';
import { roomDiscover } from './room-discover.ts';
import { roomFreeze } from './room-freeze.ts';
import { roomGet } from './room-get.ts';
import { roomInvite } from './room-invite.ts';
import { roomJoin } from './room-join.ts';
import { roomKick } from './room-kick.ts';
import { roomKinds } from './room-kinds.ts';
import { roomLeave } from './room-leave.ts';
import { roomList } from './room-list.ts';
import { roomMembers } from './room-members.ts';
import { roomMute } from './room-mute.ts';
import { roomRequest } from './room-request.ts';
import { roomRole } from './room-role.ts';
import { roomTransfer } from './room-transfer.ts';
import { roomUnban } from './room-unban.ts';
import { roomUpdate } from './room-update.ts';
import { settingsGet } from './settings-get.ts';
import { settingsSet } from './settings-set.ts';
import { statusSet } from './status-set.ts';
import { sync } from './sync.ts';
import { typingSet } from './typing-set.ts';
import { unread } from './unread.ts';
import { userSearch } from './user-search.ts';
import type { Verb } from './verb.ts';

/** All verbs by their names, as callers and documents know them. */
export const VERBS = {
  'message.send': messageSend,
  'message.edit': messageEdit,
  'message.delete': messageDelete,
  'message.react': messageReact,
  'message.list': messageList,
  'message.get': messageGet,
  'room.create': roomCreate,
  'room.get': roomGet,
  'room.list': roomList,
  sync,
  'room.members': roomMembers,
  'room.discover': roomDiscover,
  'room.kinds': roomKinds,
  'room.update': roomUpdate,
  'room.freeze': roomFreeze,
  'room.delete': roomDelete,
  'room.add': roomAdd,
  'room.kick': roomKick,
  'room.ban': roomBan,
  'room.unban': roomUnban,
  'room.mute': roomMute,
  'room.role': roomRole,
  'room.transfer': roomTransfer,
  'room.leave': roomLeave,
  'room.join': roomJoin,
  'room.invite': roomInvite,
  'room.accept': roomAccept,
  'room.decline': roomDecline,
  'room.request': roomRequest,
  'room.approve': roomApprove,
  'room.deny': roomDeny,
  'dm.open': dmOpen,
  'link.create': linkCreate,
  'link.list': linkList,
  'link.revoke': linkRevoke,
  'typing.set': typingSet,
  'receipt.mark': receiptMark,
  'receipt.who': receiptWho,
  unread,
  'client.state': clientState,
  'presence.watch': presenceWatch,
  'presence.unwatch': presenceUnwatch,
  'friend.request': friendRequest,
  'friend.accept': friendAccept,
  'friend.decline': friendDecline,
  'friend.remove': friendRemove,
  'friend.list': friendList,
  'block.add': blockAdd,
  'block.remove': blockRemove,
  'block.list': blockList,
  'settings.get': settingsGet,
  'settings.set': settingsSet,
  'profile.get': profileGet,
  'profile.set': profileSet,
  'status.set': statusSet,
  'user.search': userSearch,
  'notice.send': noticeSend,
} as const satisfies Readonly<Record<string, Verb>>;

/** Verb of a name; undefined for none. */
export const verbOf = (name: string): Verb | undefined =>
  Object.hasOwn(VERBS, name) ? (VERBS as Readonly<Record<string, Verb>>)[name] : undefined;
