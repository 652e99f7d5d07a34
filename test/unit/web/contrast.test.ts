import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync(new URL('../../../web/src/styles/tokens.css', import.meta.url), 'utf8');
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
const colours = (block: string) =>
  new Map([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));
const THEMES = { light: colours(light), dark: new Map([...colours(light), ...colours(dark)]) };

/** Text and the grounds it stands on somewhere in the page. */
const PAIRS: Readonly<Record<string, readonly string[]>> = {
  text: ['ground', 'surface', 'raised', 'hover', 'accent-soft', 'other', 'bad-soft', 'warn-soft'],
  muted: ['ground', 'surface', 'raised', 'hover', 'accent-soft', 'sunken', 'line'],
  'accent-strong': ['surface', 'bad-soft', 'accent-soft', 'hover', 'ground', 'other', 'warn-soft'],
  'on-accent': ['accent', 'accent-strong'],
  'on-own': ['own'],
  'on-danger': ['danger'],
  warn: ['surface', 'warn-soft'],
  bad: ['surface', 'bad-soft', 'ground', 'raised', 'hover'],
};

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(at => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

for (const [theme, colour] of Object.entries(THEMES)) {
  test(`text has a contrast of at least 4.5 on every ground in the ${theme} theme`, () => {
    const poor: string[] = [];
    for (const [text, grounds] of Object.entries(PAIRS))
      for (const ground of grounds) {
        const [front, back] = [colour.get(text), colour.get(ground)];
        assert.ok(front && back, `${text} and ${ground} are colours of the theme`);
        const ratio = contrast(front, back);
        if (ratio < 4.5) poor.push(`${text} on ${ground}: ${ratio.toFixed(2)}`);
      }
    assert.deepEqual(poor, []);
  });
}
