/** What is lost with an ensemble, by how it is captured: for people. */
import type { CaptureSourceName } from '../../model/backupInputs';

export const RPO: Record<CaptureSourceName, string> = {
  stream: 'what was committed within the lag: milliseconds',
  files: "what was committed since a server's files were last looked at: a second or two",
  admin: 'what was committed since the last base was taken: up to baseEveryMs',
  logical:
    'what was committed since the last base was taken, up to baseEveryMs; and always sessions, ephemerals, quotas, and that a znode is a container or has a time to live',
};
