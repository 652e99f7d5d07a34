/** Characters of a line that are kept. */
const MOST = 200;

/** What a person would look for in the end of a log: the line that names the failure, rather than the stack below it. */
const FAILURE = /^(?:FATAL ERROR|Error|[A-Z]\w*Error)\b/;
/** What Node writes around a failure. */
const FRAME = /^(?:at |node:|Node\.js v|\^+$|[{}\]]+$|\[?cause\]?:|-----|\d+: 0x)/;

/**
 * The one line of a container's termination message that says why it stopped: with FallbackToLogsOnError the message is the
 * end of the log. Nothing in it changes from one try to the next but what the process itself says.
 * @returns empty when there is none
 */
export function exitMessage(message: string): string {
  const lines = message
    .split('\n')
    .map(line => messageIn(line.trim()))
    .filter(line => line !== '' && !FRAME.test(line));
  const line = lines.findLast(each => FAILURE.test(each)) ?? lines.at(-1) ?? '';
  return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}

/** Log lines are JSON with the time in them. */
function messageIn(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, reason, err } = JSON.parse(line) as { msg?: unknown; reason?: unknown; err?: { message?: unknown } };
    const why = reason ?? err?.message;
    const text = typeof msg === 'string' ? msg : '';
    return typeof why === 'string' ? `${text}: ${why}` : text;
  } catch {
    return line;
  }
}
