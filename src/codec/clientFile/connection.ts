/**
 * Which ensemble a client's file names, and the same file naming another. Every character but those of the value
 * stays: comments, order, indentation, line ends, byte order mark, encoding. The value keeps its quotes where it can.
 *
 * An edit is read back before it is given out, so that what is written is what the client will read.
 */
import type { ClientFile, ClientFileLocator, PathPart } from '../../model/clientFile';
import {
  DEFAULT_CLIENT_PORT,
  formatAddress,
  formatConnectString,
  parseConnectString,
  readConnectString,
  sameConnection,
  splitChroot,
  type ConnectString,
} from '../../model/connectString';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { readNodes, withNodes } from './clickhouseXml';
import { checkVariable, envSlot } from './env';
import { hadoopSlot } from './hadoopXml';
import { jsonSlot } from './json';
import { propertySlot } from './properties';
import { bytesOf, refuseAt, refusal, replaced, sourceOf, type Slot, type Source } from './source';
import { yamlSlot } from './yaml';

/** `keep`: that of the file. `set`: this one, empty for none. `below`: that of the file, below this one. */
export type ChrootChange = 'keep' | { set: string } | { below: string };

export interface ConnectionChange {
  /** Servers of the other ensemble. A chroot here is the one to have; without one `chroot` says. */
  wanted: string;
  /** `keep` where neither this nor a chroot in `wanted` is given. */
  chroot?: ChrootChange;
  /** What the file is known to say, as `readConnection` told; the order of its servers does not count. */
  expected?: string;
}

export interface ConnectionEdit {
  bytes: Uint8Array;
  /** As the client read it, without blanks around it. */
  before: string;
  /** Equal to `before` where the file said so already: the bytes are those given. */
  after: string;
}

export interface Connection extends ConnectString {
  /** As it stands in the file; where port or chroot stand elsewhere there, put together with them. */
  text: string;
}

/**
 * @throws ZkferryError Unsupported for a file that can't be edited there (unreadable, the key missing or there twice,
 * shared or put together from others), InvalidInput for a locator that does not fit the format
 */
export function readConnection(file: ClientFile, locator: ClientFileLocator): Connection {
  const source = sourceOf(file);
  const { value: text, ...at } = placeOf(file, locator).read(source);
  return { text, ...understood(source, { value: text, ...at }) };
}

/**
 * Where the file says what is wanted already it is left as it is, whatever is `expected`: an edit may run twice.
 *
 * @throws ZkferryError as `readConnection`; InvalidInput for a `wanted` that is no connection string; GuardRefused
 * where the file says something else than `expected`
 */
export function editConnection(
  file: ClientFile,
  locator: ClientFileLocator,
  change: ConnectionChange,
): ConnectionEdit {
  const place = placeOf(file, locator);
  const source = sourceOf(file);
  const found = place.read(source);
  const { value: before } = found;
  const present = understood(source, found);
  const after = wantedText(before, change);
  const wanted = parseConnectString(after, 'wanted');
  if (isInterpolated(after))
    throw new ZkferryError(
      'InvalidInput',
      `wanted ${after}: a client would take it for a placeholder`,
    );
  if (sameConnection(present, wanted) && (before === after || place.isSplit))
    return { bytes: file.bytes, before, after: before };
  const { expected } = change;
  if (expected !== undefined && !sameConnection(present, parseConnectString(expected, 'expected')))
    if (!sameConnection(present, wanted))
      throw new ZkferryError(
        'GuardRefused',
        `${file.name}: expected ${expected}, found ${before}: changed by someone else in the meantime; plan it anew`,
      );
  const text = place.write(source, after);
  const { value: written } = place.read({ ...source, text });
  if (place.isSplit ? !sameConnection(parseConnectString(written), wanted) : written !== after)
    throw refusal(file.name, `${after} can't be written there so that it reads the same`);
  return { bytes: bytesOf(file.format, text), before, after: written };
}

/** Whether a file is as an edit left it, as that edit found it, or neither: then somebody else has changed it. */
export function standingOf(
  present: Uint8Array,
  edit: { before: Uint8Array; after: Uint8Array },
): 'after' | 'before' | 'other' {
  if (Buffer.compare(present, edit.after) === 0) return 'after';
  return Buffer.compare(present, edit.before) === 0 ? 'before' : 'other';
}

function understood(source: Source, { value, start }: Found): ConnectString {
  if (isInterpolated(value))
    throw refuseAt(
      source,
      start,
      'put together from other settings; edit those, or give it in full',
    );
  const read = readConnectString(value);
  if (typeof read !== 'string') return read;
  throw refuseAt(source, start, `not a connection string: ${read}`);
}

/** Placeholders of Java, Spring, Maven, shells and templates. */
const isInterpolated = (text: string): boolean => /[$#%]\{|\$\(|\{\{/.test(text);

/** What is wanted in the words of whoever wants it, so that the former words can be given back. */
function wantedText(before: string, { wanted, chroot = 'keep' }: ConnectionChange): string {
  const parsed = parseConnectString(wanted, 'wanted');
  const text = /[\r\n\t]/.test(wanted) ? formatConnectString(parsed) : wanted.trim();
  const given = splitChroot(text);
  if (given.chroot !== '') {
    if (chroot !== 'keep')
      throw new ZkferryError('InvalidInput', `wanted ${text}: its chroot is given twice`);
    return text;
  }
  const present = splitChroot(before).chroot;
  if (chroot === 'keep') return given.servers + present;
  if ('set' in chroot) return given.servers + chroot.set;
  return given.servers + chroot.below.replace(/\/+$/, '') + present.replace(/^\/$/, '');
}

/** A connection, and where in the file it begins. */
type Found = Pick<Slot, 'value' | 'start'>;

/** One way in which files hold a connection. */
interface Place {
  /** The text is not the file's own, but put together from several places. */
  isSplit: boolean;
  read(source: Source): Found;
  write(source: Source, wanted: string): string;
}

type Locate = (source: Source) => Slot;

function placeOf(file: ClientFile, locator: ClientFileLocator): Place {
  if (file.format === 'clickhouseXml') {
    const { path, portPath } = pathsOf(file, locator);
    if (portPath !== undefined) throw misplaced(file, 'has ports beside its hosts: no portPath');
    return {
      isSplit: true,
      read: (source) => readNodes(source, path),
      write: (source, wanted) => withNodes(source, path, parseConnectString(wanted)),
    };
  }
  const { value, port } = slotsOf(file, locator);
  return port === undefined ? whole(value) : hostsAndPort(value, port);
}

function slotsOf(file: ClientFile, locator: ClientFileLocator): { value: Locate; port?: Locate } {
  switch (file.format) {
    case 'yaml':
    case 'json': {
      const { path, portPath, document } = pathsOf(file, locator);
      if (file.format === 'json' && document !== undefined)
        throw misplaced(file, 'has one document only');
      const at = (where: PathPart[], numbers: boolean) => (source: Source) =>
        file.format === 'json'
          ? jsonSlot(source, where, numbers)
          : yamlSlot(source, where, { document, numbers });
      return { value: at(path, false), port: portPath && at(portPath, true) };
    }
    default: {
      if (!('key' in locator)) throw misplaced(file, 'takes a key, not a path');
      const { key, portKey } = locator;
      const slot = { properties: propertySlot, env: envSlot, hadoopXml: hadoopSlot }[
        file.format as 'properties' | 'env' | 'hadoopXml'
      ];
      for (const name of file.format === 'env' ? [key, portKey ?? key] : [])
        checkVariable(file.name, name);
      return {
        value: (source) => slot(source, key),
        port: portKey === undefined ? undefined : (source) => slot(source, portKey),
      };
    }
  }
}

function pathsOf(
  file: ClientFile,
  locator: ClientFileLocator,
): Extract<ClientFileLocator, { path: unknown }> {
  if ('path' in locator) return locator;
  throw misplaced(file, 'takes a path, not a key');
}

const misplaced = (file: ClientFile, why: string): ZkferryError =>
  new ZkferryError('InvalidInput', `${file.name}: the format ${file.format} ${why}`);

const whole = (locate: Locate): Place => ({
  isSplit: false,
  read: locate,
  write: (source, wanted) => written(source, locate, wanted),
});

/** The first of the slot's spellings that reads back; where none does, the last: the caller sees that it differs. */
function written(source: Source, locate: Locate, value: string): string {
  const slot = locate(source);
  const texts = slot.spellings(value).map((text) => replaced(source.text, [{ ...slot, text }]));
  return texts.find((text) => readsAs(source, text, locate, value)) ?? texts.at(-1) ?? source.text;
}

function readsAs(source: Source, text: string, locate: Locate, value: string): boolean {
  try {
    return locate({ ...source, text }).value === value;
  } catch (error) {
    if (isZkferryError(error)) return false;
    throw error;
  }
}

/** Hosts in one value, the port of those without one in another, as HBase has it. A chroot is a setting of its own. */
function hostsAndPort(hosts: Locate, port: Locate): Place {
  const read = (source: Source) => {
    const [names, common] = [hosts(source), port(source)];
    if (!/^\d{1,5}$/.test(common.value)) throw refuseAt(source, common.start, 'not a port');
    return { names, common: Number(common.value) };
  };
  return {
    isSplit: true,
    read: (source) => {
      const { names, common } = read(source);
      const { servers, chroot } = understood(source, names);
      const each = servers.map((server) => ({ port: common, ...server }));
      return { value: formatConnectString({ servers: each, chroot }), start: names.start };
    },
    write: (source, text) => {
      const wanted = parseConnectString(text, 'wanted');
      const { names, common } = read(source);
      if (wanted.chroot !== '')
        throw refuseAt(source, names.start, `no place for the chroot ${wanted.chroot}`);
      const ports = wanted.servers.map((server) => server.port ?? DEFAULT_CLIENT_PORT);
      const present = understood(source, names).servers;
      if (present.some((server) => server.port !== undefined)) {
        const mixed = present.some((server) => server.port === undefined);
        const own = wanted.servers.map(({ host }, at) =>
          mixed && ports[at] === common ? { host } : { host, port: ports[at] },
        );
        return written(source, hosts, listed(own, names.value));
      }
      if (ports.some((one) => one !== ports[0]))
        throw refuseAt(
          source,
          names.start,
          `there is one port for all servers here: not so in ${text}`,
        );
      const bare = wanted.servers.map(({ host }) => ({ host }));
      const next = written(source, hosts, listed(bare, names.value));
      return written({ ...source, text: next }, port, String(ports[0]));
    },
  };
}

/** With the blanks that the present list has after its commas. */
function listed(servers: ConnectString['servers'], former: string): string {
  const [comma = ',', ...others] = former.match(/ *, */g) ?? [];
  return servers.map(formatAddress).join(others.every((other) => other === comma) ? comma : ',');
}
