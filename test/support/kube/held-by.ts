import { getHeapSnapshot } from 'node:v8';

/** The part of a heap snapshot that says who holds whom: rows of numbers, named by `meta`. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

interface Node {
  readonly type: string;
  /** Class of an object, text of a string. */
  readonly name: string;
  readonly edges: readonly { readonly name: string; readonly to: number }[];
}

/** Nodes that belong to the engine rather than to the program: it keeps them as long as it likes. */
const ENGINE: ReadonlySet<string> = new Set(['code', 'hidden', 'synthetic', 'object shape']);
const ENGINE_NAMES = /^system \/ NativeContext/;
/** Edges that keep what they point to. */
const EDGES: ReadonlySet<string> = new Set(['context', 'element', 'property', 'internal']);

class Heap {
  readonly #snapshot: Snapshot;
  readonly #width: number;
  /** First edge of each node, by the start of its row. */
  readonly #firsts = new Map<number, number>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    const { node_fields: fields, edge_fields: edgeFields } = snapshot.snapshot.meta;
    this.#width = fields.length;
    const count = fields.indexOf('edge_count');
    let edge = 0;
    for (let at = 0; at < snapshot.nodes.length; at += this.#width) {
      this.#firsts.set(at, edge);
      edge += (snapshot.nodes[at + count] ?? 0) * edgeFields.length;
    }
  }

  static async taken(): Promise<Heap> {
    const chunks: Buffer[] = [];
    for await (const chunk of getHeapSnapshot()) chunks.push(chunk as Buffer);
    return new Heap(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Snapshot);
  }

  /** Places of the instances of a class. */
  instances(name: string): number[] {
    return [...this.#firsts.keys()].filter(at => {
      const node = this.#labelOf(at);
      return node.type === 'object' && node.name === name;
    });
  }

  node(at: number): Node {
    const { edges, strings, snapshot } = this.#snapshot;
    const { edge_fields: fields, edge_types: types } = snapshot.meta;
    const end = this.#firsts.get(at + this.#width) ?? edges.length;
    const held: { name: string; to: number }[] = [];
    for (let edge = this.#firsts.get(at) ?? end; edge < end; edge += fields.length) {
      const [type = 0, name = 0, to = 0] = edges.slice(edge, edge + fields.length);
      const kind = types[0][type] ?? '';
      if (EDGES.has(kind)) held.push({ name: kind === 'element' ? `[${name}]` : (strings[name] ?? ''), to });
    }
    return { ...this.#labelOf(at), edges: held };
  }

  #labelOf(at: number): Pick<Node, 'type' | 'name'> {
    const { nodes, strings, snapshot } = this.#snapshot;
    const { node_fields: fields, node_types: types } = snapshot.meta;
    return {
      type: types[0][nodes[at + fields.indexOf('type')] ?? 0] ?? '',
      name: strings[nodes[at + fields.indexOf('name')] ?? 0] ?? '',
    };
  }
}

/**
 * Texts that an object still holds: in fields, private ones too, in maps, sets, lists and closures, however deep.
 * @param holder name of the class of the object; there must be one of it
 * @param text what is looked for
 * @param except names of classes that are not looked into
 * @returns one path to each text, empty when none is held
 */
export async function heldBy(holder: string, text: RegExp, except: readonly string[] = []): Promise<string[]> {
  const heap = await Heap.taken();
  const [root, ...others] = heap.instances(holder);
  if (root === undefined || others.length > 0)
    throw new Error(`there are ${others.length} others of ${holder}, or none`);
  const seen = new Set([root]);
  const found: string[] = [];
  const open = [{ at: root, path: holder }];
  // Grows as it is walked.
  for (const next of open) {
    const { type, name, edges } = heap.node(next.at);
    if (type.endsWith('string') && text.test(name)) found.push(`${next.path} = ${name}`);
    if (ENGINE.has(type) || ENGINE_NAMES.test(name) || except.includes(name)) continue;
    for (const edge of edges) {
      if (seen.has(edge.to)) continue;
      seen.add(edge.to);
      open.push({ at: edge.to, path: `${next.path}.${edge.name}` });
    }
  }
  return found;
}
