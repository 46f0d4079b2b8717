/**
 * Operations on the person's own personas.
 *
 * @module
 */
import { personaSchema } from '@mandate/protocol'
import { part } from './api.ts'
import type { Handlers } from './handlers.ts'
import { nameOf } from './personas.ts'

type Names = 'personas.list' | 'personas.create' | 'personas.setAutonomy' | 'personas.setStatus'

export const personaHandlers: Handlers<Names> = {
  'personas.list': async (_input, { api, personas }) => ({ items: [...(await personas.list(api))] }),
  'personas.create': async (body, { api, personas, emit }) => {
    const made = await api.call('pdp', { method: 'POST', path: '/v1/personas', body }, personaSchema)
    if (personas.chosen() === undefined && made.status === 'active') await personas.choose(nameOf(made))
    emit('changed', { what: 'personas' })
    return made
  },
  'personas.setAutonomy': async ({ id, autonomy }, { api, emit }) => {
    const changed = await api.call('pdp', patchOf(id, { autonomy }), personaSchema)
    emit('changed', { what: 'personas' })
    return changed
  },
  'personas.setStatus': async ({ id, status }, { api, personas, emit }) => {
    const changed = await api.call('pdp', patchOf(id, { status }), personaSchema)
    // It may have been the chosen persona. The change is done even when the list cannot be read now.
    await personas.list(api).catch(() => undefined)
    emit('changed', { what: 'personas' })
    return changed
  },
}

const patchOf = (id: string, body: unknown) => ({ method: 'PATCH', path: `/v1/personas/${part(id)}`, body }) as const
