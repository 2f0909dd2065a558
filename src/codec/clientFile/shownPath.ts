import type { PathPart } from '../../model/clientFile';

/** `spring."a.b"[0]`: parts that hold dots are told apart. */
export const shownPath = (path: readonly PathPart[]): string =>
  path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
      return index === 0 ? name : `.${name}`;
    })
    .join('') || 'the document';
