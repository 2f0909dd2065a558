/** A refusal as the API sends it. */
import type { FastifyReply } from 'fastify';

export const problem = (
  reply: FastifyReply,
  status: number,
  title: string,
  more: { detail?: string; errors?: { path: string[]; message: string }[] } = {},
) =>
  reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'urn:zkferry:error:StandIn', title, status, detail: title, ...more });
