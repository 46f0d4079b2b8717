/**
 * The decision log, described.
 *
 * @module
 */
import {
  decisionExportSchema,
  decisionPageSchema,
  decisionQuerySchema,
  decisionStreamSchema,
  loggedEntrySchema,
  replaySchema,
  ulidSchema,
} from '@mandate/protocol'
import type { Operation } from './operation.ts'

const of = { method: 'get', tag: 'Log', access: 'reading', problems: ['index_unavailable'] } as const

/** All of it is looked up in the index. */
export const DECISION_OPERATIONS = [
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
    path: '/v1/decisions/export',
    id: 'exportDecisions',
    summary: 'All entries that a query finds, as a file',
    description:
      'Streamed, newest first, as of its beginning; an answer that breaks off is incomplete. `csv` is safe to open in a spreadsheet. People get what they are a party to, auditors all. One entry is left an export.',
    query: decisionExportSchema,
    answers: {
      200: {
        description: 'A file: `application/jsonl` for `jsonl` and `ocsf`, `text/csv` for `csv`.',
        text: ['application/jsonl', 'text/csv'],
        headers: ['total'],
      },
    },
  },
  {
    ...of,
    path: '/v1/decisions/stream',
    id: 'tailDecisions',
    summary: 'Entries as they are logged',
    description:
      'Server-sent events, oldest first: `data` is an entry, `id` goes into `Last-Event-ID` to continue behind it. Without that header it begins now. Comments come when nothing else does. It ends with the token: come again with a new one. Only so many are open for a person at a time. One entry is left a stream.',
    query: decisionStreamSchema,
    answers: { 200: { description: 'Events.', text: 'text/event-stream' } },
  },
  {
    ...of,
    path: '/v1/decisions/{id}',
    id: 'readDecision',
    summary: 'One entry',
    params: { id: ulidSchema },
    answers: { 200: { description: 'The entry.', schema: loggedEntrySchema } },
    problems: ['not_found', 'index_unavailable'],
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
    problems: ['not_found', 'conflict', 'index_unavailable'],
  },
  {
    ...of,
    path: '/v1/decisions/{id}/replay',
    id: 'replayDecision',
    summary: 'The same question now, and what differs',
    description:
      'For whoever may read the entry and ask its question. Nothing is enforced by it: it is recorded as a reading of the log. `conflict`: the log does not hold the whole question.',
    params: { id: ulidSchema },
    answers: { 200: { description: 'Then and now.', schema: replaySchema } },
    problems: ['not_found', 'conflict', 'index_unavailable'],
  },
] as const satisfies readonly Operation[]
