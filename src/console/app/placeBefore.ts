/** The page that somebody wanted, kept by this tab while the identity provider asks who they are. */
const KEY = 'zkferry-place';

/** A route of the console: what stands behind # in its address. */
export const keepPlace = (): void => window.sessionStorage.setItem(KEY, window.location.hash);

/** Once: whoever logs in next in this tab begins anew. */
export function backToPlace(): void {
  const place = window.sessionStorage.getItem(KEY);
  window.sessionStorage.removeItem(KEY);
  if (place !== null && window.location.hash === '') window.location.hash = place;
}
