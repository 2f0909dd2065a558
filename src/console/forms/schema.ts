/** What a form does with a JSON Schema: which control a value takes, and what is sent of what was filled in. */
import type { JsonSchema } from '../api/types';

export type Path = readonly string[];
export type Values = Record<string, unknown>;

/** A control for each kind of value; `json` where no other fits. */
export type Kind =
  'object' | 'record' | 'list' | 'choice' | 'boolean' | 'integer' | 'text' | 'variants' | 'json';

export function kindOf(schema: JsonSchema): Kind {
  const variants = variantsOf(schema);
  if (variants.length === 1 && variants[0]) return kindOf(variants[0]);
  // `25%` or `3`: one field for both.
  if (variants.length > 1)
    return variants.every(({ type }) => type === 'string' || type === 'integer')
      ? 'text'
      : 'variants';
  if (schema.enum) return 'choice';
  switch (schema.type) {
    case 'object':
      if (schema.properties) return 'object';
      return typeof schema.additionalProperties === 'object' ? 'record' : 'json';
    case 'array':
      return schema.items ? 'list' : 'json';
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'number':
      return 'integer';
    case 'string':
      return 'text';
    default:
      return 'json';
  }
}

const isDeep = ({ properties = {} }: JsonSchema): boolean =>
  Object.values(properties).some(({ type, items }) => type === 'array' && items?.type === 'object');

/** Those a person would fill in here; a whole inventory written in place is for the JSON view. */
export function variantsOf({ anyOf, oneOf }: JsonSchema): JsonSchema[] {
  const all = anyOf ?? oneOf ?? [];
  const simple = all.filter((variant) => !isDeep(variant));
  return simple.length > 0 ? simple : all;
}

/** The schema with what its only variant says. */
export function settled(schema: JsonSchema): JsonSchema {
  const [only, ...others] = variantsOf(schema);
  if (only === undefined || others.length > 0) return schema;
  return { ...only, description: schema.description ?? only.description, default: schema.default };
}

/** Word a variant goes by: its one literal value, or the names of its fields. */
export function variantName(variant: JsonSchema): string {
  const literal = /^\^([a-z]+)\$$/i.exec(variant.pattern ?? '')?.[1];
  if (literal !== undefined) return literal;
  return variant.properties
    ? Object.keys(variant.properties).join(' or ')
    : (variant.type ?? 'value');
}

/** The value a variant is, where only one is possible. */
export const literalOf = ({ pattern, const: constant }: JsonSchema): unknown =>
  constant ?? /^\^([a-z]+)\$$/i.exec(pattern ?? '')?.[1];

export function fits(variant: JsonSchema, value: unknown): boolean {
  if (value === undefined) return false;
  if (variant.type === 'object') return typeof value === 'object' && value !== null;
  if (variant.type === 'integer') return typeof value === 'number';
  return typeof value === variant.type;
}

/** Without what was left empty; `undefined` when nothing remains. */
export function filledIn(value: unknown): unknown {
  if (value === '' || value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const items = value.map(filledIn).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value)
      .map(([name, one]) => [name, filledIn(one)] as const)
      .filter(([, one]) => one !== undefined);
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  }
  return value;
}

/** A text as the schema wants it: a number where it is one and may be. */
export function typed(schema: JsonSchema, text: string): unknown {
  const takesNumbers =
    schema.type === 'integer' ||
    schema.type === 'number' ||
    variantsOf(schema).some(({ type }) => type === 'integer');
  return takesNumbers && /^-?\d+$/.test(text.trim()) ? Number(text) : text;
}

export function defaultText({ default: value }: JsonSchema): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
