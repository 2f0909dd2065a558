/** Messages and stack traces of failures as payloads, so that the codec covers them. Enters the workflow bundle: no IO. */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
