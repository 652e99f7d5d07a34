/** Type of a value. */
export type SchemaType = 'string' | 'integer' | 'boolean' | 'array' | 'object';

/** JSON Schema 2020-12, as far as parameters and results of verbs need it. */
export interface Schema {
  readonly type: SchemaType | readonly [SchemaType, 'null'];
  readonly description?: string;
  /** Name of the form of a string. */
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** Bounds of the length of a string, in Unicode code points. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Bounds of an integer, both included. */
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Type of the values of an object whose names are data. */
  readonly additionalProperties?: Schema;
}
