/**
 * The domains in force, as the PDP describes them: the window knows no domain of its own.
 *
 * @module
 */
import { domainListSchema } from '@mandate/protocol'
import type { Handlers } from './handlers.ts'

export const domainHandlers: Handlers<'domains.list'> = {
  'domains.list': (_input, { api }) => api.call('pdp', { path: '/v1/domains' }, domainListSchema),
}
