/**
 * Looks at the session every so often, and with it at what nobody tells this app of: that a session was ended elsewhere, that a grant or an
 * invitation changed, that a grant ends soon.
 *
 * @module
 */
import { type Grant, type Invitation, invitationSchema } from '@mandate/protocol'
import { z } from 'zod'
import { liveGrants } from './grants.ts'
import type { Context } from './handlers.ts'

const DAY_MS = 86_400_000
const invitationsSchema = z.object({ items: z.array(invitationSchema) })

export interface WatchOptions {
  /** Between two looks, in milliseconds. */
  readonly everyMs: number
  /** While something does not answer, in milliseconds. */
  readonly retryMs: number
  readonly isOnline: () => boolean
}

/** Begins at once, and goes on until the account ends. */
export function watch(context: Context, { everyMs, retryMs, isOnline }: WatchOptions): void {
  const { end } = context.account
  const looker = new Looker(context)
  const look = async (): Promise<void> => {
    await looker.look().catch(() => undefined)
    if (end.aborted) return
    timer = setTimeout(() => void look(), isOnline() ? everyMs : Math.min(retryMs, everyMs)).unref()
  }
  let timer: NodeJS.Timeout | undefined
  end.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void look()
}

class Looker {
  readonly #context: Context
  readonly #reminded = new Set<string>()
  #grants: string | undefined
  #invitations: string | undefined

  constructor(context: Context) {
    this.#context = context
  }

  async look(): Promise<void> {
    const { account, api, personas, clock } = this.#context
    await account.session.look('pdp')
    if (personas.chosen() === undefined) await personas.list(api)
    const grants = await liveGrants(api)
    const { items } = await api.call('pdp', { path: '/v1/invitations' }, invitationsSchema)
    if (account.end.aborted) return
    this.#compare(grants, items)
    this.#remind(grants, clock())
    // Only to see whether it is there: trips are told of by the log.
    await api.text('trips', { path: '/templates' })
  }

  #compare(grants: readonly Grant[], invitations: readonly Invitation[]): void {
    const { emit } = this.#context
    const seen = [grants, invitations].map((list) => JSON.stringify(list))
    if (this.#grants !== undefined && seen[0] !== this.#grants) emit('changed', { what: 'grants' })
    if (this.#invitations !== undefined && seen[1] !== this.#invitations) emit('changed', { what: 'invitations' })
    ;[this.#grants, this.#invitations] = seen
  }

  /** Each grant once, while the app runs. */
  #remind(grants: readonly Grant[], now: number): void {
    const { emit, account } = this.#context
    const soon = grants.filter(
      ({ id, delegator, delegate, expires_at }) =>
        [delegator, delegate].includes(account.party) &&
        Date.parse(expires_at) - now <= DAY_MS &&
        !this.#reminded.has(id),
    )
    if (soon.length === 0) return
    for (const { id } of soon) this.#reminded.add(id)
    emit('expiring', { grants: soon })
  }
}
