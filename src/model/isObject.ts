/** Whether a value read from JSON or YAML is an object: a mapping of names to values, no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
