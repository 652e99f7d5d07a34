const endings = new Set<() => void>();

process.on('exit', () => {
  for (const end of endings) end();
});

/**
 * Runs `end` when this process ends. All share one listener: a test file may start more servers than Node.js takes for a leak.
 * @returns function that takes it back
 */
export function atExit(end: () => void): () => void {
  endings.add(end);
  return () => void endings.delete(end);
}
