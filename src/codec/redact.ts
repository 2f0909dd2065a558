/** Values of settings that hold secrets, taken out of what people and repositories get to see. */

const SECRET_SETTING = /pass|secret|keystore.*password/i;
export const REDACTED = '<redacted>';

export const holdsSecret = (setting: string): boolean => SECRET_SETTING.test(setting);

/** `name=value` at the beginning of a line, or as a word such as `-Dname=value`; up to the line's or the word's end. */
const SETTING = /^(\s*(?:export\s+)?([\w.-]+)\s*[=:])(.+)$/;
const FLAG = /(-D([\w.-]+)=)("[^"]*"|'[^']*'|[^\s"']+)/g;

/** Of zoo.cfg or java.env; everything else stays as it is. */
export const redactSettings = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const flagged = line.replace(FLAG, (whole, head: string, name: string) =>
        holdsSecret(name) ? `${head}${REDACTED}` : whole,
      );
      const [, head, name] = SETTING.exec(flagged) ?? [];
      return head !== undefined && name !== undefined && holdsSecret(name)
        ? `${head}${REDACTED}`
        : flagged;
    })
    .join('\n');
