/** What a gate says of clients that could not be led over, were it passed now. */

export interface SaidAhead {
  /** Follows the gate's own question; empty where nothing stands against it. */
  text: string;
  /** A line each. */
  told: string[];
  /** More of them than may fail: no gate passes that by itself. */
  mustAsk: boolean;
}

const SHOWN = 5;

/** `failure`: why they could not be looked at. `accepted`: how many may fail to be led over. */
export function saidAhead(
  checked:
    | { count: number; problems: readonly { client: string; message: string }[] }
    | { failure: string },
  accepted: number,
): SaidAhead {
  if ('failure' in checked) {
    const told = [`the clients could not be looked at: ${checked.failure}`];
    return { text: `. Before you decide: ${told[0]}`, told, mustAsk: true };
  }
  const { count, problems } = checked;
  const told = problems.map(({ client, message }) => `${client}: ${message}`);
  if (count === 0) return { text: '', told, mustAsk: false };
  const more = count > SHOWN ? `; and ${count - SHOWN} more` : '';
  return {
    text: `. Before you decide: ${count} client(s) cannot be led over as they are now, so mend them first: ${told.slice(0, SHOWN).join('; ')}${more}`,
    told,
    mustAsk: count > accepted,
  };
}
