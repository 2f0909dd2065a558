export { adler32 } from './adler32';
export {
  encodeLogHeader,
  encodeLogRecord,
  LOG_HEADER_BYTES,
  readLogHeader,
  type LogHeader,
} from './format';
export { LogScanner, type LogEnd, type LogRecord, type LogScannerOptions } from './logScanner';
