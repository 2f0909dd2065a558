/** A name for a start that nobody else gives: `upgrade-20261128-0121-k3v9`. */
export function suggestedTicket(strategy: string, at: Date): string {
  const stamp = at.toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
  const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return `${strategy}-${stamp}-${random.toString(36).padStart(7, '0').slice(-4)}`;
}
