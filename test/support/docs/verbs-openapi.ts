import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaOf } from '../../../server/chat/params.ts';
import type { Verb } from '../../../server/chat/verb.ts';
import { VERBS } from '../../../server/chat/verbs.ts';
import { COMMON_ERRORS } from './verbs-page.ts';

const PACKAGE = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  readonly version: string;
};

/** The verbs as an OpenAPI 3.1 document, `docs/openapi.json`. */
export function verbsOpenApi(verbs: Readonly<Record<string, Verb>> = VERBS) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Verbs of ChatCluster',
      version: PACKAGE.version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'For generators of types; generated from the table of verbs. The paths are not served yet and answer 404: this version takes calls over the WebSocket alone, with the command `rpc`. Its `data` is the request body here, and `data` of its answer is `result`.',
    },
    paths: Object.fromEntries(
      Object.entries(verbs).map(([name, verb]) => [`/api/${name}`, { post: operation(name, verb) }]),
    ),
    components: {
      schemas: {
        Error: {
          type: 'object',
          description: 'Answer to a call that failed.',
          properties: {
            code: { type: 'integer', description: 'Code of the catalogue in docs/protocol.md.' },
            message: { type: 'string', description: 'Text for people; names the field and the limit.' },
            temporary: { type: 'boolean', description: 'True if the same call may succeed later.' },
          },
          required: ['code', 'message'],
        },
      },
    },
  };
}

function operation(name: string, { summary, details, params, result, errors = [], example }: Verb) {
  const causes = [...errors, ...COMMON_ERRORS].map(({ error, when }) => `- ${error.code} ${error.message}: ${when}`);
  const schema = {
    oneOf: [
      { type: 'object', properties: { result: schemaOf(result) }, required: ['result'] },
      { type: 'object', properties: { error: { $ref: '#/components/schemas/Error' } }, required: ['error'] },
    ],
  };
  return {
    operationId: name,
    summary,
    ...(details === undefined ? {} : { description: details }),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaOf(params), example: example.params } },
    },
    responses: {
      200: {
        description: ['The result, or the error that the call failed with:', '', ...causes].join('\n'),
        content: { 'application/json': { schema, example: { result: example.result } } },
      },
    },
  };
}
