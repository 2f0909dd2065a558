/** What the measured ensemble is called in a repository. */
export const ENSEMBLE = 'bench';
