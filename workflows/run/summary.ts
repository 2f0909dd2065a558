/** Temporal refuses a workflow task with a longer one, of which paths of znodes can be a part. */
const SUMMARY_BYTES = 200;

/** `text`, cut to what Temporal takes as the summary of an activity or a workflow. */
export function summaryOf(text: string): string {
  if (bytesOf(text) <= SUMMARY_BYTES) return text;
  let cut = '';
  for (const character of text) {
    if (bytesOf(`${cut}${character}…`) > SUMMARY_BYTES) break;
    cut += character;
  }
  return `${cut}…`;
}

/** As JSON, in which a control character takes six. */
const bytesOf = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length;
