/**
 * `/v1/keys` (PAP): API keys, managed by operators.
 *
 * @module
 */
import { type Key, keyRequestSchema } from '@mandate/protocol'
import { createKey, listKeys, revokeKey } from '../../pap/keys.ts'
import type { KeyRecord } from '../../ports/stores.ts'
import { principalOf } from '../exchange.ts'
import type { OperationHandlers } from '../handlers.ts'
import { param, parse } from '../parse.ts'
import { instant, type PapRouteDeps } from './common.ts'

export function keyHandlers(deps: PapRouteDeps): OperationHandlers<'createKey' | 'listKeys' | 'revokeKey'> {
  return {
    createKey: async (req, res) => {
      const { record, key } = await createKey(deps, parse(keyRequestSchema, req.body), principalOf(res))
      res.status(201).json({ ...shownKey(record), key })
    },
    listKeys: async (_req, res) => {
      res.json({ items: (await listKeys(deps, principalOf(res))).map(shownKey) })
    },
    revokeKey: async (req, res) => {
      await revokeKey(deps, param(req.params['id'], 'id'), principalOf(res))
      res.status(204).end()
    },
  }
}

const shownKey = ({ id, name, types, createdAt, expiresAt, revokedAt }: KeyRecord): Key => ({
  id,
  name,
  types: [...types],
  created_at: instant(createdAt),
  expires_at: instant(expiresAt),
  ...(revokedAt === undefined ? {} : { revoked_at: instant(revokedAt) }),
})
