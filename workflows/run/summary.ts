/** Temporal refuses a workflow task with a longer one, of which paths of znodes can be a part. */
const SUMMARY_BYTES = 200;
/** What JSON puts around it, and the sign of what was cut off. */
const FRAME_BYTES = 5;

/** `text`, cut to what Temporal takes as the summary of an activity. */
export function summaryOf(text: string): string {
  if (bytesOf(text) <= SUMMARY_BYTES) return text;
  const characters = [...text];
  while (bytesOf(characters.join('')) > SUMMARY_BYTES - FRAME_BYTES) characters.pop();
  return `${characters.join('')}…`;
}

/** As JSON, in which a control character takes six. */
const bytesOf = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length;
