/** `<configuration><property><name>…</name><value>…</value></property></configuration>`, as Hadoop and HBase read it. */
import { onlyOne, refuseAt, type Slot, type Source } from './source';
import { elementsOf, parseXml, textOf, textSlot, type XmlElement } from './xml';

/** @throws ZkferryError Unsupported where the property is missing, there twice, or written in a way not understood */
export function hadoopSlot(source: Source, key: string): Slot {
  const root = parseXml(source);
  if (root.name !== 'configuration')
    throw refuseAt(source, root.start, `expected <configuration>, found <${root.name}>`);
  const nested = elementsOf(root, 'configuration')[0];
  if (nested !== undefined)
    throw refuseAt(source, nested.start, 'a <configuration> in another is not understood');
  const found = elementsOf(root, 'property').filter((property) => nameOf(source, property) === key);
  const property = onlyOne(source, key, found, ({ start }) => start);
  const values = elementsOf(property, 'value');
  return textSlot(
    source,
    onlyOne(source, `the <value> of ${key}`, values, ({ start }) => start),
  );
}

function nameOf(source: Source, property: XmlElement): string | undefined {
  // Hadoop 3 takes name and value as attributes, too.
  const attribute = property.attributes.get('name') ?? property.attributes.get('value');
  if (attribute !== undefined)
    throw refuseAt(source, attribute.start, 'a <property> with attributes; use <name> and <value>');
  const names = elementsOf(property, 'name');
  if (names.length > 1) throw refuseAt(source, names[1]!.start, 'a <property> with two names');
  return names[0] && textOf(source, names[0]);
}
