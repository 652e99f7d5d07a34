/**
 * Runs the autoscaler and a plain HorizontalPodAutoscaler over the same traces in simulated time:
 *
 *   npm run simulate                    prints the table
 *   npm run simulate -- --write         and writes it into docs/scaling.md, with a plot for each trace into docs/images
 *   npm run simulate -- --replay FILE   makes the decisions of a recorded run again: the operator's log at level debug
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plot } from './plot.ts';
import { replay } from './replay.ts';
import { runBuiltin, runHpa, setting } from './run-trace.ts';
import { table } from './table.ts';
import { traces } from './trace.ts';

const DOCS = join(import.meta.dirname, '../../docs');
/** The table stands between these in docs/scaling.md. */
const BEGIN = '<!-- From npm run simulate -- --write -->\n';
const END = '<!-- Until here -->';

const { values } = parseArgs({ options: { replay: { type: 'string' }, write: { type: 'boolean', default: false } } });

function compare(write: boolean): void {
  const given = setting();
  const compared = traces().map(trace => ({
    trace,
    builtin: runBuiltin(trace, given),
    hpa: runHpa(trace, given),
  }));
  const text = table(compared);
  console.log(text);
  if (!write) return;
  mkdirSync(join(DOCS, 'images'), { recursive: true });
  for (const each of compared)
    writeFileSync(join(DOCS, `images/scaling-${each.trace.name}.svg`), plot(each, given.spec.targetConnections));
  const page = join(DOCS, 'scaling.md');
  const [head = '', rest = ''] = readFileSync(page, 'utf8').split(BEGIN);
  const tail = rest.slice(rest.indexOf(END));
  writeFileSync(page, `${head}${BEGIN}\n${text}\n\n${tail}`);
}

if (values.replay === undefined) compare(values.write);
else {
  const { decisions, steps, different } = replay(readFileSync(values.replay, 'utf8').split('\n'));
  for (const { line, then, now } of different) console.log(`line ${line}\n  then ${then}\n  now  ${now}`);
  console.log(`${decisions} decisions, ${steps} steps, ${different.length} decided otherwise now`);
  if (decisions === 0 || different.length > 0) process.exitCode = 1;
}
