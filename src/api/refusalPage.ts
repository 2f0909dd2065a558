/** A refusal for whoever is sent here by a link and not by a program: a page without scripts, whose every word is text. */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf, sendProblem } from './problems';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; background: #fff; color: #1a1b1e; }
body { max-width: 36rem; margin: 12vh auto; padding: 0 1.5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; }
p { white-space: pre-line; }
a { color: #1864ab; }
@media (prefers-color-scheme: dark) {
  :root { background: #1a1b1e; color: #e9ecef; }
  a { color: #74c0fc; }
}
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const MAX_CHARS = 4_000;

/** Without characters that turn the direction of a line or move the cursor. */
export const asText = (text: string): string =>
  text
    .slice(0, MAX_CHARS)
    .replace(/[^\P{C}\n]/gu, '�')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);

/** @param back where one can go from there; an address of ours */
export async function sendRefusal(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  back: string,
): Promise<void> {
  // Programs, and whoever reads the OpenAPI document, get what they get everywhere.
  if (!(request.headers.accept ?? '').includes('text/html'))
    return sendProblem(error, request, reply);
  const { status, title, detail } = problemOf(error);
  if (status >= 500) request.log.error({ err: error }, title);
  await reply
    .code(status)
    .header('content-security-policy', POLICY)
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asText(title)} · zkferry</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>You are not logged in</h1>
<p>${asText(detail)}</p>
<p><a href="${asText(back)}">Back to the login</a></p>
<p><small>${status} ${asText(title)} · request ${asText(request.id)}</small></p>
</main>
</body>
</html>
`,
    );
}
