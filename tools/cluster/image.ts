/** `npm run image`: builds localhost/chatcluster:dev and, if the local cluster runs, gives it the image under a name of its content. */
import { buildChatImage, CHAT_IMAGE } from './chat-image.ts';
import { LOCAL } from './layout.ts';
import { loadBuilt } from './load-image.ts';
import { holderOf } from './namespaces.ts';

const named = await buildChatImage();
if (holderOf(LOCAL) !== null) await loadBuilt(LOCAL, named);
console.log(`${CHAT_IMAGE}, also called ${named}`);
