import { SignInRefused } from '../../client/centrifuge-transport.ts';
import { type Chat, createChat } from '../../client/chat.ts';
import { type SteadyStorage, steady } from '../../client/steady-storage.ts';
import { memoryStorage, webStorage } from '../../client/storage.ts';
import { systemClock } from '../../server/time/clock.ts';
import { chooseLanguage, LANGUAGES, type Language, Texts } from './i18n/language.ts';
import { OpenRooms } from './page/open-rooms.ts';
import { hashOfRoom, joinLinkOfHash, roomOfHash, websocketUrl } from './page/page-url.ts';
import { fetchToken, TokenError } from './page/sign-in-token.ts';
import { ChatView } from './views/chat-view.ts';
import { languageSelect } from './views/language-select.ts';
import { signInView } from './views/sign-in.ts';

const LANGUAGE_KEY = 'chatcluster/language';
const USER_KEY = 'chatcluster/user';

const app = document.querySelector('#app');
if (!app) throw new Error('the page has no #app');

const local = storageOf(() => localStorage);
// The signed-in user belongs to the tab: two windows of one browser may be two people.
const tab = storageOf(() => sessionStorage);
const drafts = new Map<string, string>();

let texts = new Texts(savedLanguage() ?? chooseLanguage(navigator.languages));
let chat: Chat | null = null;
let view: ChatView | null = null;

const user = tab.get(USER_KEY);
if (user === null) show();
else enter(user, null);

window.addEventListener('hashchange', () => {
  const named = roomOfHash(location.hash) ?? joinLinkOfHash(location.hash);
  if (named !== null && chat) show();
});

/** Draws the page anew: for another user, language or address. */
function show(): void {
  document.documentElement.lang = texts.language === 'zh' ? 'zh-Hans' : texts.language;
  view?.dispose();
  view = null;
  const select = languageSelect(texts, changeLanguage);
  if (!chat) {
    document.title = 'ChatCluster';
    const name = local.get(USER_KEY) ?? '';
    app?.replaceChildren(signInView({ texts, name, languageSelect: select, onSubmit: signIn }));
    document.querySelector<HTMLInputElement>('#name')?.focus();
    return;
  }
  view = new ChatView({
    texts,
    chat,
    drafts,
    clock: systemClock,
    openRooms: new OpenRooms(local, chat.user),
    languageSelect: select,
    room: roomOfHash(location.hash),
    joinLink: joinLinkOfHash(location.hash),
    onRoom: room => history.replaceState(null, '', hashOfRoom(room)),
    onSignOut: signOut,
    onTitle: title => {
      document.title = title;
    },
  });
  app?.replaceChildren(view.root);
  view.focus();
}

async function signIn(name: string): Promise<void> {
  const token = await fetchToken(name);
  tab.set(USER_KEY, name);
  local.set(USER_KEY, name);
  enter(name, token);
}

/** @param token for the first connect; null to ask for one */
function enter(name: string, token: string | null): void {
  let first = token;
  chat = createChat({
    user: name,
    storage: local,
    url: websocketUrl(document.baseURI),
    getToken: async () => {
      const ready = first;
      first = null;
      return ready ?? (await freshToken(name));
    },
  });
  chat.connect();
  show();
}

async function freshToken(name: string): Promise<string> {
  try {
    return await fetchToken(name);
  } catch (thrown) {
    if (thrown instanceof TokenError && thrown.final) throw new SignInRefused(texts.text(thrown.text));
    throw thrown;
  }
}

function signOut(): void {
  chat?.disconnect();
  chat = null;
  tab.remove(USER_KEY);
  drafts.clear();
  history.replaceState(null, '', location.pathname + location.search);
  show();
}

function changeLanguage(language: Language): void {
  texts = new Texts(language);
  local.set(LANGUAGE_KEY, language);
  show();
  document.querySelector<HTMLElement>('.language select')?.focus();
}

function savedLanguage(): Language | null {
  const saved = local.get(LANGUAGE_KEY);
  return saved !== null && saved in LANGUAGES ? (saved as Language) : null;
}

/** Storage of the browser, or memory where the browser forbids storage: then closing the page loses what it kept. */
function storageOf(open: () => Storage): SteadyStorage {
  try {
    return steady(webStorage(open()));
  } catch {
    return steady(memoryStorage());
  }
}
