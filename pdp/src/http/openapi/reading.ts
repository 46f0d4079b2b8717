/**
 * The decision log, described.
 *
 * @module
 */
import { decisionPageSchema, decisionQuerySchema, loggedEntrySchema, ulidSchema } from '@mandate/protocol'
import type { Operation } from './operation.ts'

const of = { method: 'get', tag: 'Log', door: 'reading' } as const

export const READING: readonly Operation[] = [
  {
    ...of,
    path: '/v1/decisions',
    id: 'listDecisions',
    summary: 'Entries of the decision log, newest first',
    description: 'People see what they are a party to, auditors all. Reading leaves an entry.',
    query: decisionQuerySchema,
    answers: { 200: { description: 'A page.', schema: decisionPageSchema } },
  },
  {
    ...of,
    path: '/v1/decisions/{id}',
    id: 'readDecision',
    summary: 'One entry',
    params: { id: ulidSchema },
    answers: { 200: { description: 'The entry.', schema: loggedEntrySchema } },
    problems: ['not_found'],
  },
  {
    ...of,
    path: '/v1/decisions/{id}/proof',
    id: 'proveDecision',
    summary: 'That an entry is in the log',
    description:
      'C2SP tlog-proof, to be checked offline: the leaf is the canonical JSON (RFC 8785) of the entry without `index` and `origin`. Where the entry is newer than the newest checkpoint, one is published first. `conflict`: another PDP writes the log that it is in.',
    params: { id: ulidSchema },
    answers: { 200: { description: 'A tlog-proof.', text: 'text/plain' } },
    problems: ['not_found', 'conflict'],
  },
]
