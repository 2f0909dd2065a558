/** How much memory a server needs for a tree. */

const BASE_BYTES = 128 << 20;
/** DataNode, stat, two strings and two map entries (measured on 3.9: about 600 bytes), and room for a collector. */
const NODE_BYTES = 900;
/** Of a file: its data lies in memory once, and more while it is being collected. */
const DATA_FACTOR = 1.5;
/** A snapshot's shortest nodes have about 100 bytes in the file. */
const LEAST_NODE_BYTES = 100;

/** Bytes of heap. `bytes`: of snapshot and logs; `nodes`: as many as the bytes can hold where it is not known. */
export function serverHeapBytes(bytes: number, nodes = bytes / LEAST_NODE_BYTES): number {
  return Math.ceil(BASE_BYTES + DATA_FACTOR * bytes + NODE_BYTES * nodes);
}
