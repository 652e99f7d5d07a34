import { element } from '../dom/element.ts';

const HUES = 12;

/** A round mark for a user: first letter, and a colour that stays the same everywhere. */
export function avatar(user: string): HTMLElement {
  const letter = [...user.trim()][0]?.toLocaleUpperCase() ?? '?';
  return element('span', { class: `avatar hue-${hueOf(user)}`, text: letter, attributes: { 'aria-hidden': 'true' } });
}

/** FNV-1a: names that differ in one letter get colours far apart. */
function hueOf(user: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < user.length; index++) hash = Math.imul(hash ^ user.charCodeAt(index), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}
