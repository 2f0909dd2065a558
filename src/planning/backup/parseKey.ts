/** What a key says: the way back of ./keys.ts. */
import { isEnsembleName, REPOSITORY_KEY } from './keys';
import { parseLogObjectName, type LogObjectFacts } from './logObjectName';
import { fromHex16 } from '../../model/zxid';

interface OfEnsemble {
  ensemble: string;
}
interface OfTimeline extends OfEnsemble {
  timeline: number;
}

/** Zxids as `0x…`. */
export type ParsedKey =
  | { kind: 'repository' }
  | ({ kind: 'ensemble' } & OfEnsemble)
  | ({ kind: 'writer'; generation: number } & OfEnsemble)
  /** `at`: ISO 8601 in UTC. */
  | ({ kind: 'drill'; at: string } & OfEnsemble)
  | ({ kind: 'baseManifest'; usableFrom: string; id: string } & OfTimeline)
  | ({
      kind: 'baseSnapshot' | 'baseConfiguration';
      usableFrom: string;
      id: string;
      encrypted: boolean;
    } & OfTimeline)
  | ({ kind: 'piece'; generation: number; object: LogObjectFacts } & OfTimeline)
  | ({ kind: 'log'; object: LogObjectFacts } & OfTimeline)
  | ({ kind: 'index'; generation: number; number: number } & OfTimeline)
  | ({ kind: 'state'; generation: number } & OfTimeline);

/** Undefined for whatever ./keys.ts does not make. */
export function parseKey(key: string): ParsedKey | undefined {
  if (key === REPOSITORY_KEY) return { kind: 'repository' };
  const [ensemble = '', folder, ...rest] = key.split('/');
  if (folder === undefined || !isEnsembleName(ensemble)) return undefined;
  if (/^\d{4}$/.test(folder)) {
    return parseTimelineKey({ ensemble, timeline: Number(folder) }, rest);
  }
  if (rest.length === 0)
    return folder === 'ensemble.json' ? { kind: 'ensemble', ensemble } : undefined;
  const [name] = rest;
  if (name === undefined || rest.length > 1) return undefined;
  if (folder === 'writers') {
    const match = /^(\d{8})\.json$/.exec(name);
    return match === null ? undefined : { kind: 'writer', ensemble, generation: Number(match[1]) };
  }
  return folder === 'drills' ? parseDrill(ensemble, name) : undefined;
}

function parseDrill(ensemble: string, name: string): ParsedKey | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d(?:\.\d{1,9})?Z)\.json$/.exec(name);
  return match === null
    ? undefined
    : { kind: 'drill', ensemble, at: `${match[1]}:${match[2]}:${match[3]}` };
}

function parseTimelineKey(of: OfTimeline, rest: string[]): ParsedKey | undefined {
  const [folder, name, below, ...more] = rest;
  if (name === undefined || more.length > 0) return undefined;
  if (folder === 'tail') return parsePiece(of, name, below);
  if (below !== undefined) return undefined;
  switch (folder) {
    case 'base':
      return parseBase(of, name);
    case 'log': {
      const object = parseLogObjectName(name);
      return object === undefined ? undefined : { kind: 'log', ...of, object };
    }
    case 'index': {
      const match = /^(\d{8})-(\d{6})\.json$/.exec(name);
      if (match === null) return undefined;
      return { kind: 'index', ...of, generation: Number(match[1]), number: Number(match[2]) };
    }
    case 'state': {
      const match = /^(\d{8})\.json$/.exec(name);
      return match === null ? undefined : { kind: 'state', ...of, generation: Number(match[1]) };
    }
    default:
      return undefined;
  }
}

function parsePiece(
  of: OfTimeline,
  generation: string,
  name: string | undefined,
): ParsedKey | undefined {
  const object = name === undefined ? undefined : parseLogObjectName(name);
  if (object === undefined || !/^\d{8}$/.test(generation)) return undefined;
  return { kind: 'piece', ...of, generation: Number(generation), object };
}

function parseBase(of: OfTimeline, name: string): ParsedKey | undefined {
  const match = /^([0-9a-f]{16})-([0-9a-f]{8})\.(.*)$/.exec(name);
  if (match === null) return undefined;
  const [, usableFrom = '', id = '', suffix] = match;
  const facts = { ...of, usableFrom: fromHex16(usableFrom), id };
  switch (suffix) {
    case 'json':
      return { kind: 'baseManifest', ...facts };
    case 'snapshot.zst':
    case 'snapshot.zst.age':
      return { kind: 'baseSnapshot', ...facts, encrypted: name.endsWith('.age') };
    case 'configuration.json.zst':
    case 'configuration.json.zst.age':
      return { kind: 'baseConfiguration', ...facts, encrypted: name.endsWith('.age') };
    default:
      return undefined;
  }
}
