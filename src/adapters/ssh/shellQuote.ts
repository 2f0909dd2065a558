/**
 * The one place where text becomes part of a shell command. Single quotes keep every byte literal in
 * any POSIX shell; a NUL cannot be an argument at all and is refused with a RangeError.
 */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell argument cannot hold a NUL byte');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `name='value'` lines: how values enter a script without ever being parsed as shell. */
export function shellAssignments(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new RangeError(`not a variable name: "${name}"`);
      return `${name}=${shellQuote(value)}\n`;
    })
    .join('');
}

/**
 * Replaces `{name}` by the shell-quoted value, for each name of `values`; other braces stay as they
 * are, so that `${HOME}` and `awk '{print}'` keep working in an inventory's commands.
 */
export function fillCommand(command: string, values: Record<string, string>): string {
  return command.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? whole : shellQuote(value);
  });
}
