import { z } from 'zod';
import { parseConnectString } from './connectString';

const count = (most: number, usual: number) => z.number().int().min(0).max(most).default(usual);

/** What a load does. Defaults give about 300 acknowledged writes a second from eight sessions, beside others that read, hold and contend. */
export const loadConfigSchema = z.strictObject({
  connectString: z.string().superRefine((text, context) => {
    try {
      parseConnectString(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  }),
  /** Holds acks.jsonl, status.json, load.json and load.log. */
  directory: z.string().min(1),
  root: z
    .string()
    .regex(/^(\/[^/\s]+)+$/, 'an absolute znode path')
    .default('/zkferry-load'),
  /** Sessions that overwrite registers, one operation in flight each. */
  registerWriters: count(64, 6),
  keysPerWriter: z.number().int().min(1).max(1000).default(4),
  /** Sessions that create uniquely named sequential znodes. */
  appenders: count(64, 2),
  readers: count(64, 2),
  /** Sessions that only hold ephemerals. */
  holders: count(256, 3),
  ephemeralsPerHolder: z.number().int().min(1).max(100).default(2),
  /** Sessions that want one lock, again and again. */
  contenders: count(16, 2),
  /** All writers together. */
  writesPerSecond: z.number().positive().max(20_000).default(300),
  /** All readers together. */
  readsPerSecond: z.number().positive().max(20_000).default(40),
  dataBytes: z.number().int().min(1).max(100_000).default(64),
  sessionTimeoutMs: z.number().int().min(1000).max(600_000).default(10_000),
  operationTimeoutMs: z.number().int().min(100).max(60_000).default(5000),
  /**
   * How long a writer's connection attempt may stand still before the same session is taken up again
   * by a fresh one; 0 leaves reconnecting to the C client alone, which waits up to a third of the
   * session timeout.
   */
  reviveAfterMs: z.number().int().min(0).max(10_000).default(40),
  /** Most that connecting every client may take. */
  connectTimeoutMs: z.number().int().min(100).max(600_000).default(30_000),
  /** A properties file whose `zookeeper.connect` is read again at SIGHUP, as by any client that can be led over. */
  connectFile: z.string().min(1).optional(),
  /** Ends by itself after this long; otherwise runs until told to stop. */
  durationMs: z.number().int().positive().optional(),
  /** Also ends when standard input closes, that is when the process that started it is gone. */
  stopWhenInputEnds: z.boolean().default(false),
});

export type LoadConfig = z.output<typeof loadConfigSchema>;
export type LoadOptions = z.input<typeof loadConfigSchema>;

export const JOURNAL_FILE = 'acks.jsonl';
export const CONNECT_KEY = 'zookeeper.connect';
export const PID_FILE = 'load.pid';
export const STATUS_FILE = 'status.json';
