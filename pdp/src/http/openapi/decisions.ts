/**
 * Operations on the decision log.
 *
 * @module
 */
import {
  decisionExportSchema,
  decisionPageSchema,
  decisionQuerySchema,
  decisionStreamSchema,
  loggedEntrySchema,
  replayQuerySchema,
  replaySchema,
  ulidSchema,
} from '@mandate/protocol'
import type { Operation } from './operation.ts'

const of = { method: 'get', tag: 'Log', access: 'reading', problems: ['index_unavailable'] } as const

/** Operations that read the index of the log. */
export const DECISION_OPERATIONS = [
  {
    ...of,
    path: '/v1/decisions',
    id: 'listDecisions',
    summary: 'Lists entries of the decision log, newest first',
    description:
      'A person sees the entries that they are a party to; an auditor sees all. The read is recorded as a log entry.',
    query: decisionQuerySchema,
    answers: { 200: { description: 'A page.', schema: decisionPageSchema } },
  },
  {
    ...of,
    path: '/v1/decisions/export',
    id: 'exportDecisions',
    summary: 'Exports the entries that match a query',
    description:
      'Streamed, newest first, as of the start of the export. A response that is cut off is incomplete. `csv` is safe to open in a spreadsheet. A person gets the entries that they are a party to; an auditor gets all. Each export is recorded as one log entry.',
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
    summary: 'Streams entries as they are logged',
    description:
      'Server-sent events, oldest first: `data` is an entry, send `id` as `Last-Event-ID` to continue after it. Without that header the stream begins with new entries. An event named `grants` has no entry: to people and agents it says that grants of theirs may permit more or less, because an agent or a persona of another party was changed (read `GET /v1/grants` again). Comments keep an idle stream open. The stream ends when the token expires: reconnect with a new one. Open streams per caller are limited. Each stream is recorded as one log entry.',
    query: decisionStreamSchema,
    answers: { 200: { description: 'Server-sent events.', text: 'text/event-stream' } },
  },
  {
    ...of,
    path: '/v1/decisions/{id}',
    id: 'readDecision',
    summary: 'Reads one entry',
    params: { id: ulidSchema },
    answers: { 200: { description: 'The entry.', schema: loggedEntrySchema } },
    problems: ['not_found', 'index_unavailable'],
  },
  {
    ...of,
    path: '/v1/decisions/{id}/proof',
    id: 'proveDecision',
    summary: 'Proves that an entry is in the log',
    description:
      'A C2SP tlog-proof, which can be checked offline. The leaf is the canonical JSON (RFC 8785) of the entry without `index` and `origin`. When the entry is newer than the newest checkpoint, a checkpoint is published first. `conflict`: the entry is in a log of another PDP.',
    params: { id: ulidSchema },
    answers: { 200: { description: 'A tlog-proof.', text: 'text/plain' } },
    problems: ['not_found', 'conflict', 'index_unavailable'],
  },
  {
    ...of,
    path: '/v1/decisions/{id}/replay',
    id: 'replayDecision',
    summary: 'Evaluates the same request again, and compares',
    description:
      'For callers that may read the entry and make its evaluation request. It is not a decision to enforce, and is recorded as a read of the log. `conflict`: the log does not hold the complete request.',
    params: { id: ulidSchema },
    query: replayQuerySchema,
    answers: { 200: { description: 'The logged and the present decision.', schema: replaySchema } },
    problems: ['not_found', 'conflict', 'index_unavailable'],
  },
] as const satisfies readonly Operation[]
