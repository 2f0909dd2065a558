/** How an ensemble is captured, and what is lost with it then: for people. */
import type { CaptureSourceName } from '../../model/backupInputs';

export const RPO: Record<CaptureSourceName, string> = {
  stream: 'what was committed within the lag: milliseconds',
  files: "what was committed since a server's files were last looked at: a second or two",
  admin: 'what was committed since the last base was taken: up to baseEveryMs',
  logical:
    'what was committed since the last base was taken, up to baseEveryMs; and always sessions, ephemerals, quotas, and that a znode is a container or has a time to live',
};

export const READ_FROM: Record<CaptureSourceName, string> = {
  stream: 'the quorum port',
  files: "the servers' own files",
  admin: 'an AdminServer, whole bases only',
  logical: 'the client port, whole bases only',
};
