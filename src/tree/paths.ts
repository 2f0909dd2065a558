/** Paths of znodes. */

/** Of an absolute path; `/` for the root itself. */
export const parentOf = (path: string): string => path.substring(0, path.lastIndexOf('/')) || '/';
