export { decodeTxn, decodeTxnHeader, HEADER_BYTES } from './decodeTxn';
export { encodeTxn } from './encodeTxn';
