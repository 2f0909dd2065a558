/** Keys of age that protect nothing but tests. */
export const ageKey = {
  identity: 'AGE-SECRET-KEY-1PCCEJXUDREEFF49G2YW2K7DZ52W55USXLADKZ2D33SP6RHLWJPXQ8A25TU',
  recipient: 'age1g9zv27hgtmgnax55w2k8mquxgs8zqf39fzf4h9gxngtfx34mgcnqfg6gu0',
};

export const OTHER_KEY = {
  identity: 'AGE-SECRET-KEY-19XTUWX0PT9L34A7JNCSVSPTJX4UQDGTWY4LSK46JN8ZYV35DMGNQ8ZF4QW',
  recipient: 'age1r0gt62kgtlxzg0ssj9qm4wjavd43sn6lchtmhlz2wygvcr0gt9jsnyz4pv',
};
