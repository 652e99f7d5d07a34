import { dirname, relative, resolve } from 'node:path';

/** One import of a file; type imports count as any other. */
export interface Import {
  /** A file of the repository, or the name of a package as it is written. */
  readonly to: string;
  readonly isLocal: boolean;
}

/** Imports of each file, by its path from the root of the repository. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>;

const IMPORT = /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;

/** @param sources text of each file, by its path from the root of the repository */
export function importGraph(sources: ReadonlyMap<string, string>): ImportGraph {
  return new Map(
    [...sources].map(([file, text]) => {
      const imports = [...text.matchAll(IMPORT)].map(match => {
        const written = match[1] ?? match[2] ?? '';
        const isLocal = written.startsWith('.');
        return { to: isLocal ? relative('/', resolve('/', dirname(file), written)) : written, isLocal };
      });
      return [file, imports];
    }),
  );
}

/** Names, each with the names it uses. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

export function filesOf(graph: ImportGraph): Graph {
  return new Map(
    [...graph].map(([file, imports]) => [file, new Set(imports.flatMap(each => (each.isLocal ? [each.to] : [])))]),
  );
}

/** The same by folder: `a` uses `b` if a file of `a` imports one of `b`. */
export function foldersOf(graph: ImportGraph): Graph {
  const folders = new Map<string, Set<string>>();
  for (const [file, used] of filesOf(graph)) {
    const folder = dirname(file);
    const all = folders.get(folder) ?? new Set();
    for (const each of used) if (dirname(each) !== folder) all.add(dirname(each));
    folders.set(folder, all);
  }
  return folders;
}

/** A way from each member of a circle back to itself, `a -> b -> a`; none where nothing goes in a circle. */
export function cyclesOf(graph: Graph): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      cycles.push([...path.slice(path.indexOf(name)), name].join(' -> '));
      return;
    }
    if (done.has(name)) return;
    for (const used of graph.get(name) ?? []) visit(used, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return cycles;
}
