/**
 * Polls what no event reports: whether the session was ended elsewhere, changed grants, invitations and domains, and grants that end soon.
 *
 * @module
 */
import { type Domain, domainListSchema, type Grant, type Invitation, invitationSchema } from '@mandate/protocol'
import { z } from 'zod'
import { liveGrants } from './grants.ts'
import type { Context } from './handlers.ts'

const DAY_MS = 86_400_000
const invitationsSchema = z.object({ items: z.array(invitationSchema) })

export interface PollOptions {
  /** Interval, in milliseconds. */
  readonly everyMs: number
  /** Interval while a service is unreachable, in milliseconds. */
  readonly retryMs: number
  readonly isOnline: () => boolean
}

/** Polls at once, then periodically until the account ends. */
export function pollChanges(context: Context, { everyMs, retryMs, isOnline }: PollOptions): void {
  const { end } = context.account
  const poller = new Poller(context)
  const look = async (): Promise<void> => {
    await poller.look().catch(() => undefined)
    if (end.aborted) return
    timer = setTimeout(() => void look(), isOnline() ? everyMs : Math.min(retryMs, everyMs)).unref()
  }
  let timer: NodeJS.Timeout | undefined
  end.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void look()
}

class Poller {
  readonly #context: Context
  readonly #reported = new Set<string>()
  #grants: string | undefined
  #invitations: string | undefined
  #domains: string | undefined

  constructor(context: Context) {
    this.#context = context
  }

  async look(): Promise<void> {
    const { account, api, personas, clock } = this.#context
    await account.session.check('pdp')
    if (personas.chosen() === undefined) await personas.list(api)
    const grants = await liveGrants(api)
    const { items } = await api.call('pdp', { path: '/v1/invitations' }, invitationsSchema)
    const { items: domains } = await api.call('pdp', { path: '/v1/domains' }, domainListSchema)
    if (account.end.aborted) return
    this.#compare(grants, items, domains)
    this.#reportExpiring(grants, clock())
    // Only checks that trips responds; its changes come with the log.
    await api.text('trips', { path: '/templates' })
  }

  #compare(grants: readonly Grant[], invitations: readonly Invitation[], domains: readonly Domain[]): void {
    const { emit } = this.#context
    const seen = [grants, invitations, domains].map((list) => JSON.stringify(list))
    if (this.#grants !== undefined && seen[0] !== this.#grants) emit('changed', { what: 'grants' })
    if (this.#invitations !== undefined && seen[1] !== this.#invitations) emit('changed', { what: 'invitations' })
    // A policy was loaded: its gates, titles and texts may differ.
    if (this.#domains !== undefined && seen[2] !== this.#domains) emit('changed', { what: 'domains' })
    ;[this.#grants, this.#invitations, this.#domains] = seen
  }

  /** Reports each grant once per start of the app. */
  #reportExpiring(grants: readonly Grant[], now: number): void {
    const { emit, account } = this.#context
    const soon = grants.filter(
      ({ id, delegator, delegate, expires_at }) =>
        [delegator, delegate].includes(account.party) &&
        Date.parse(expires_at) - now <= DAY_MS &&
        !this.#reported.has(id),
    )
    if (soon.length === 0) return
    for (const { id } of soon) this.#reported.add(id)
    emit('expiring', { grants: soon })
  }
}
