import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ZkferryError } from '../../model/errors';
import type { JournalRecord, LoadStarted } from '../load/journalRecords';

export interface Journal {
  load: LoadStarted;
  records: JournalRecord[];
}

/**
 * Reads a load's journal whole. A last line cut short (the load was killed) is left out; any other
 * unreadable line is InvalidInput.
 */
export async function readJournal(path: string): Promise<Journal> {
  const records: JournalRecord[] = [];
  let number = 0;
  let unreadable: number | undefined;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    number++;
    if (unreadable !== undefined) throw invalid(path, `line ${unreadable} is not JSON`);
    try {
      records.push(JSON.parse(line) as JournalRecord);
    } catch {
      unreadable = number;
    }
  }
  const load = records[0];
  if (load?.t !== 'load') throw invalid(path, 'its first line does not name a load');
  return { load, records };
}

function invalid(path: string, what: string): ZkferryError {
  return new ZkferryError(
    'InvalidInput',
    `journal ${path}: ${what}; give the acks.jsonl a load wrote`,
  );
}
