/** Registers zkferry's search attributes, so that runs can be found by ensemble, strategy and phase. */
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../src/model/contract';

const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD

/**
 * @returns whether the namespace knows them now; false where this worker may not add them (then runs go
 * without, since setting an unknown attribute would stop a workflow)
 */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
): Promise<boolean> {
  const names = Object.values(SEARCH_ATTRIBUTES);
  const known = async () => {
    const listed = await connection.operatorService.listSearchAttributes({ namespace });
    return names.every((name) => listed.customAttributes?.[name] !== undefined);
  };
  try {
    if (await known()) return true;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
    });
    return await known();
  } catch {
    return false;
  }
}
