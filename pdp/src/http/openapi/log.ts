/**
 * Operations that serve the log's files (C2SP tlog-tiles).
 *
 * @module
 */
import { logLagSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { Operation } from './operation.ts'

const of = { method: 'get', tag: 'Log', access: 'reading', problems: ['not_found'] } as const

const TILES =
  'C2SP tlog-tiles. Tiles of hashes are for every caller with a token; entry bundles (`level` is `entries`) are for auditors, and reading them is recorded as one log entry an hour. From index 1000 on the index has several path elements: `x001/000`.'
const level = z.string().regex(/^(entries|[0-9]|[1-5][0-9]|6[0-3])$/u)
const index = z.string().regex(/^[0-9]{3}$/u)
const width = z.string().regex(/^([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/u)
const tile = {
  description: 'Hashes of 32 bytes each, or entries each preceded by its length in two bytes.',
  text: 'application/octet-stream',
  headers: ['cacheControl'],
} as const

export const LOG_OPERATIONS = [
  {
    ...of,
    path: '/log/checkpoint',
    id: 'checkpoint',
    summary: 'Reads the newest signed checkpoint',
    description: 'C2SP tlog-checkpoint: size and root of the log, signed with Ed25519.',
    answers: { 200: { description: 'A signed note.', text: 'text/plain', headers: ['cacheControl'] } },
  },
  {
    ...of,
    path: '/log/tile/{level}/{index}',
    id: 'tile',
    summary: 'Reads a full tile of hashes, or a full entry bundle',
    description: TILES,
    params: { level, index },
    answers: { 200: tile },
  },
  {
    ...of,
    path: '/log/tile/{level}/{index}.p/{width}',
    id: 'partialTile',
    summary: 'Reads a partial tile or entry bundle',
    description: `${TILES} Deleted when the full one exists.`,
    params: { level, index, width },
    answers: { 200: tile },
  },
  {
    ...of,
    path: '/v1/log/lag',
    id: 'readLag',
    summary: 'Reads how far checkpoints and the index are behind the log',
    description:
      'For operators, persona administrators and auditors. Entries are durable before they are answered; a checkpoint covers them about a second later, and the index within a second where nobody asks. `/metrics` has the same numbers.',
    answers: { 200: { description: 'Numbers of this PDP’s log.', schema: logLagSchema } },
    problems: [],
  },
] as const satisfies readonly Operation[]
