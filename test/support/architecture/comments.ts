import { readFileSync } from 'node:fs';

/** First words that begin a clause where a noun or a verb belongs: "Whether ...", "What a pass ...", "Of a pod ...". */
const HEADLESS =
  /^(what|whatever|who|whoever|whose|whom|whether|which|how|when|where|why|that|those|nobody|somebody|of|by|for)$/i;

/** A doc comment, with what follows its first stars. */
const DOC_COMMENT = /\/\*\*[\s*]*([^\s*][^\n]*?)\s*(?:\*\/|\n)/g;

/** Doc comments of `source` that start with neither a noun nor a verb, by their first line. */
export function headless(source: string): string[] {
  return [...source.matchAll(DOC_COMMENT)].flatMap(([, line = '']) =>
    HEADLESS.test(line.split(/[\s,:;]/, 1)[0] ?? '') ? [line] : [],
  );
}

/** As {@link headless}, of files: a sentence each. */
export function headlessIn(files: Iterable<string>): string[] {
  return [...files].flatMap(file => headless(readFileSync(file, 'utf8')).map(line => `${file}: ${line}`));
}
