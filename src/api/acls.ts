/** ACLs as ZooKeeper shows them to whoever may not administer a znode: from a digest's hash passwords are guessed. */

export const withoutHash = (scheme: string, id: string): string =>
  scheme === 'digest' ? id.replace(/:.*$/s, ':x') : id;

/** Of a list in the text of a comparison: `["digest:user:HASH:cdrwa"]`. */
export const textWithoutHashes = (text: string): string =>
  text.replace(/"digest:([^":]*):[^"]*:([a-z]*)"/g, '"digest:$1:x:$2"');
