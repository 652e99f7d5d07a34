const LINE = /^([^=]+)="((?:[^"\\]|\\.)*)"$/;
const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g;
const NAMED: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Parses what the downward API writes for `metadata.annotations`: one line `key="value"` for each annotation, the value quoted
 * by Go's `strconv.Quote`. Ignores lines of any other form.
 */
export function parseAnnotations(text: string): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, quoted] = LINE.exec(line) ?? [];
    if (key !== undefined && quoted !== undefined) annotations.set(key, unquote(quoted));
  }
  return annotations;
}

function unquote(quoted: string): string {
  return quoted.replace(ESCAPE, (_, byte?: string, short?: string, long?: string, other?: string) => {
    if (other !== undefined) return NAMED[other] ?? other;
    const code = Number.parseInt(byte ?? short ?? long ?? '', 16);
    // Go escapes a byte from 0x80 on only if it is not part of a valid character.
    return (byte !== undefined && code >= 0x80) || code > 0x10_ffff ? '\ufffd' : String.fromCodePoint(code);
  });
}
