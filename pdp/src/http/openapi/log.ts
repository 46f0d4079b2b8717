/**
 * The log's files (C2SP tlog-tiles), described.
 *
 * @module
 */
import { z } from 'zod'
import type { Operation } from './operation.ts'

const of = { method: 'get', tag: 'Log', access: 'reading', problems: ['not_found'] } as const

const TILES =
  'C2SP tlog-tiles. Hashes for any signed-in caller, entries (`level` is `entries`) for auditors, which leaves one entry an hour. From index 1000 on it has more path elements: `x001/000`.'
const level = z.string().regex(/^(entries|[0-9]|[1-5][0-9]|6[0-3])$/u)
const index = z.string().regex(/^[0-9]{3}$/u)
const width = z.string().regex(/^([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/u)
const tile = {
  description: 'Hashes of 32 bytes, or entries each behind its length in two bytes.',
  text: 'application/octet-stream',
  headers: ['cacheControl'],
} as const

export const LOG_OPERATIONS = [
  {
    ...of,
    path: '/log/checkpoint',
    id: 'checkpoint',
    summary: 'The newest signed checkpoint',
    description: 'C2SP tlog-checkpoint: size and root of the log, signed with Ed25519.',
    answers: { 200: { description: 'A signed note.', text: 'text/plain', headers: ['cacheControl'] } },
  },
  {
    ...of,
    path: '/log/tile/{level}/{index}',
    id: 'tile',
    summary: 'A full tile of hashes, or a full bundle of entries',
    description: TILES,
    params: { level, index },
    answers: { 200: tile },
  },
  {
    ...of,
    path: '/log/tile/{level}/{index}.p/{width}',
    id: 'partialTile',
    summary: 'A partial tile or bundle',
    description: `${TILES} Gone once the full one is there.`,
    params: { level, index, width },
    answers: { 200: tile },
  },
] as const satisfies readonly Operation[]
