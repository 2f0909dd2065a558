/** How worker and clients turn values into what Temporal keeps, and back. */
import type { DataConverter } from '@temporalio/common';
import type { CodecKey } from './codecKeys';
import { createPayloadCodec } from './payloadCodec';

/** With keys, failures' messages are payloads, too. Without, the codec only says which key is missing. */
export function dataConverterOf(keys: readonly CodecKey[]): DataConverter {
  return {
    payloadCodecs: [createPayloadCodec(keys)],
    ...(keys.length > 0 && { failureConverterPath: require.resolve('./sealedFailures') }),
  };
}
