/**
 * ClickHouse's list of servers: `<zookeeper><node><host>…</host><port>…</port></node>… <root>/chroot</root></zookeeper>`.
 * Of a longer list the last node is the pattern of the new ones; of a shorter one the last nodes go.
 */
import {
  DEFAULT_CLIENT_PORT,
  formatConnectString,
  type ConnectAddress,
  type ConnectString,
} from '../../model/connectString';
import type { PathPart } from '../../model/clientFile';
import { onlyOne, refuseAt, replaced, type Slot, type Source, type Span } from './source';
import { elementsOf, parseXml, textSlot, type XmlElement } from './xml';

interface ServerNode extends Span {
  host: Slot;
  /** Absent: 2181. */
  port?: Slot;
  index?: Span & { value: string };
}

interface NodeList {
  nodes: ServerNode[];
  root?: Slot;
}

/** @throws ZkferryError Unsupported for a list that is missing, there twice, or holds what is not understood */
export function readNodes(
  source: Source,
  path: readonly PathPart[],
): { value: string; start: number } {
  const { nodes, root } = nodeList(source, path);
  const servers = nodes.map(({ host, port }) => {
    const value = port?.value ?? String(DEFAULT_CLIENT_PORT);
    if (!/^\d{1,5}$/.test(value)) throw refuseAt(source, port!.start, 'not a port');
    return { host: host.value, port: Number(value) };
  });
  const value = formatConnectString({ servers, chroot: root?.value ?? '' });
  return { value, start: nodes[0]!.start };
}

/** The text with the servers and the chroot of `wanted`. @throws ZkferryError Unsupported where it has no place there */
export function withNodes(
  source: Source,
  path: readonly PathPart[],
  wanted: ConnectString,
): string {
  const { nodes, root } = nodeList(source, path);
  const { servers, chroot } = wanted;
  const kept = nodes.slice(0, servers.length);
  const edits = kept.flatMap((node, at) => nodeEdits(source, node, servers[at]!));
  const last = nodes.at(-1)!;
  const from = blanksBefore(source.text, last.start);
  const more = servers.slice(nodes.length).map((server, at) => {
    const index = last.index && {
      ...last.index,
      text: String(Number(last.index.value) + at + 1),
    };
    const inner = [...nodeEdits(source, last, server), ...(index ? [index] : [])];
    const shifted = inner
      .map((edit) => ({ ...edit, start: edit.start - from, end: edit.end - from }))
      .sort((a, b) => a.start - b.start);
    return replaced(source.text.slice(from, last.end), shifted);
  });
  if (more.length > 0) edits.push({ start: last.end, end: last.end, text: more.join('') });
  for (const gone of nodes.slice(servers.length))
    edits.push({ start: blanksBefore(source.text, gone.start), end: gone.end, text: '' });
  if (root !== undefined && root.value !== chroot)
    edits.push({ ...root, text: root.spellings(chroot || '/')[0]! });
  if (root === undefined && chroot !== '')
    throw refuseAt(source, nodes[0]!.start, `there is no <root> for the chroot ${chroot}; add it`);
  return replaced(
    source.text,
    edits.sort((a, b) => a.start - b.start || a.end - b.end),
  );
}

const blanksBefore = (text: string, at: number): number => text.slice(0, at).trimEnd().length;

function nodeEdits(
  source: Source,
  { host, port, start }: ServerNode,
  server: ConnectAddress,
): (Span & { text: string })[] {
  const wanted = server.port ?? DEFAULT_CLIENT_PORT;
  if (port === undefined && wanted !== DEFAULT_CLIENT_PORT)
    throw refuseAt(source, start, `a node without <port>: add one for ${wanted}`);
  return [
    { ...host, text: host.spellings(server.host)[0]! },
    ...(port ? [{ ...port, text: port.spellings(String(wanted))[0]! }] : []),
  ];
}

function nodeList(source: Source, path: readonly PathPart[]): NodeList {
  let element = parseXml(source);
  for (const part of path) {
    checkAttributes(source, element, []);
    const found = elementsOf(element, String(part));
    element = onlyOne(source, `<${part}>`, found, ({ start }) => start);
  }
  checkAttributes(source, element, []);
  const nodes = elementsOf(element, 'node').map((node) => serverNode(source, node));
  if (nodes.length === 0)
    throw refuseAt(source, element.start, `<${element.name}> has no <node> with a host`);
  const roots = elementsOf(element, 'root');
  if (roots[0] === undefined) return { nodes };
  return {
    nodes,
    root: slotIn(
      source,
      onlyOne(source, '<root>', roots, ({ start }) => start),
    ),
  };
}

function serverNode(source: Source, node: XmlElement): ServerNode {
  checkAttributes(source, node, ['index']);
  const strange = elementsOf(node).find(({ name }) => !['host', 'port', 'secure'].includes(name));
  if (strange !== undefined)
    throw refuseAt(
      source,
      strange.start,
      `<${strange.name}> belongs to one server; what it is for another is not known`,
    );
  const one = (name: string) =>
    onlyOne(source, `<${name}>`, elementsOf(node, name), () => node.start);
  const index = node.attributes.get('index');
  if (index !== undefined && !/^\d{1,6}$/.test(index.value))
    throw refuseAt(source, index.start, `index ${JSON.stringify(index.value)} is not a number`);
  const result: ServerNode = {
    start: node.start,
    end: node.end,
    host: slotIn(source, one('host')),
  };
  if (index !== undefined) result.index = index;
  if (elementsOf(node, 'port').length > 0) result.port = slotIn(source, one('port'));
  return result;
}

function slotIn(source: Source, element: XmlElement): Slot {
  checkAttributes(source, element, []);
  return textSlot(source, element);
}

/** `incl`, `from_env`, `from_zk`, `replace`, `remove`: the value is not what stands there. */
function checkAttributes(source: Source, element: XmlElement, known: readonly string[]): void {
  for (const [name, { start }] of element.attributes)
    if (!known.includes(name))
      throw refuseAt(source, start, `the attribute ${name} of <${element.name}> is not understood`);
}
