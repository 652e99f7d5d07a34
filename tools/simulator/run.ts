/**
 * Runs the autoscaler and plain HorizontalPodAutoscalers over the same traces in simulated time:
 *
 *   npm run simulate                    prints the tables of docs/scaling.md
 *   npm run simulate -- --write         and writes them into it, with a plot for each trace into docs/images
 *   npm run simulate -- --lost 5 --start 60   one table for 5 % lost polls and pods that take 60 s
 *   npm run simulate -- --replay FILE   makes the decisions of a recorded run again: the operator's log at level debug
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { replay } from './replay.ts';
import { plots, published, rivals } from './rivals.ts';
import { LOST, START_SECONDS } from './run-trace.ts';
import { table } from './table.ts';
import { traces } from './trace.ts';

const DOCS = join(import.meta.dirname, '../../docs');
/** Each table stands between these in docs/scaling.md. */
const begin = (name: string) => `<!-- From npm run simulate -- --write: ${name} -->\n`;
const END = '<!-- Until here -->';

const { values } = parseArgs({
  options: {
    replay: { type: 'string' },
    write: { type: 'boolean', default: false },
    lost: { type: 'string' },
    start: { type: 'string' },
  },
});

function publish(write: boolean): void {
  const all = published();
  for (const [name, text] of Object.entries(all.tables)) console.log(`${name}\n${text}\n`);
  if (!write) return;
  mkdirSync(join(DOCS, 'images'), { recursive: true });
  for (const [name, text] of plots(all)) writeFileSync(join(DOCS, `images/scaling-${name}.svg`), text);
  const page = join(DOCS, 'scaling.md');
  let text = readFileSync(page, 'utf8');
  for (const [name, rows] of Object.entries(all.tables)) {
    const [head = '', rest = ''] = text.split(begin(name));
    text = `${head}${begin(name)}\n${rows}\n\n${rest.slice(rest.indexOf(END))}`;
  }
  writeFileSync(page, text);
}

function again(file: string): void {
  const { decisions, steps, different } = replay(readFileSync(file, 'utf8').split('\n'));
  for (const { line, then, now } of different) console.log(`line ${line}\n  then ${then}\n  now  ${now}`);
  console.log(`${decisions} decisions, ${steps} steps, ${different.length} decided otherwise now`);
  if (decisions === 0 || different.length > 0) process.exitCode = 1;
}

const { lost, start } = values;
if (values.replay !== undefined) again(values.replay);
else if (lost === undefined && start === undefined) publish(values.write);
else {
  const share = lost === undefined ? LOST : Number(lost) / 100;
  console.log(table(traces(), rivals(traces(), Number(start ?? START_SECONDS), share)));
}
