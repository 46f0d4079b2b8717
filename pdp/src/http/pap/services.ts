/**
 * `/v1/services` for operators and auditors (PAP).
 *
 * @module
 */
import type { RegisteredService } from '@mandate/protocol'
import { withRole } from '../../pap/pap.ts'
import { principalOf } from '../exchange.ts'
import type { OperationHandlers } from '../handlers.ts'
import type { PapRouteDeps } from './common.ts'

export function serviceHandlers({ services }: PapRouteDeps): OperationHandlers<'listServices'> {
  return {
    listServices: (_req, res) => {
      const by = principalOf(res)
      if (!by.roles.includes('auditor')) withRole(by, 'operator')
      const items: RegisteredService[] = [...services].map(([id, types]) => ({ id, types: [...types] }))
      res.json({ items })
    },
  }
}
