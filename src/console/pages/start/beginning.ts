/** What a form begins with, from the address that led to it. */
import type { JsonSchema } from '../../api/types';
import type { Values } from '../../forms/schema';

export function beginningOf(schema: JsonSchema, search: URLSearchParams): Values {
  const has = (name: string) => schema.properties?.[name] !== undefined;
  const values: Values = {};
  const ensemble = search.get('ensemble');
  const repository = search.get('repository');
  const time = search.get('time');
  const zxid = search.get('zxid');
  const path = search.get('path');
  if (repository !== null && has('repository')) values.repository = repository;
  if (ensemble !== null) {
    // A migration goes from it, a restore to it; of a restore `ensemble` is another word for that.
    if (has('source')) values.source = ensemble;
    else if (has('to')) values.to = { ensemble };
    else if (has('ensemble')) values.ensemble = ensemble;
  }
  const from = search.get('from');
  const timeline = search.get('timeline');
  if (from !== null && has('from')) values.from = from;
  if (timeline !== null && has('timeline')) values.timeline = Number(timeline);
  if (has('at') && zxid !== null) values.at = { zxid };
  else if (has('at') && time !== null) values.at = { time };
  if (has('path') && path !== null) {
    values.mode = 'subtree';
    values.path = path;
  }
  return values;
}
