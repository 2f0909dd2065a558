/** Where a client's configuration keeps its connection string. */

/**
 * `properties`: java.util.Properties. `env`: assignments as a shell or systemd reads them. `hadoopXml`: core-site.xml,
 * hbase-site.xml. `clickhouseXml`: a list of `<node>` with `<host>` and `<port>`.
 */
export const CLIENT_FILE_FORMATS = [
  'properties',
  'yaml',
  'json',
  'env',
  'hadoopXml',
  'clickhouseXml',
] as const;
export type ClientFileFormat = (typeof CLIENT_FILE_FORMATS)[number];

/** A key of a mapping, or an index of a list from 0. A key with dots in it is one part. */
export type PathPart = string | number;

/** `properties`, `env` and `hadoopXml`. */
export interface KeyLocator {
  key: string;
  /** The value at `key` names hosts, as HBase's quorum does; the port of those without one stands here. */
  portKey?: string;
}

/** `yaml`, `json`; for `clickhouseXml` the names of elements below the root, which lead to the list of nodes. */
export interface PathLocator {
  path: PathPart[];
  /** As `portKey`. */
  portPath?: PathPart[];
  /** Of a YAML file of several documents, from 0; needed only where more than one has the path. */
  document?: number;
}

export type ClientFileLocator = KeyLocator | PathLocator;

export interface ClientFile {
  /** For messages: host and path. */
  name: string;
  format: ClientFileFormat;
  bytes: Uint8Array;
}
