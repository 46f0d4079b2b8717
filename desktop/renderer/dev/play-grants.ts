/**
 * Fake grants: list, preview, issue, revoke.
 *
 * @module
 */
import type { Grant, GrantPreview } from '@mandate/protocol'
import type { CheckedInput } from '../../src/shared/channel.ts'
import { inDays, linkOf, ulid } from './world.ts'

type Asked = CheckedInput<'grants.issue'>

export class Grants {
  readonly #me: string
  #all: readonly Grant[]

  constructor(me: string, all: readonly Grant[]) {
    this.#me = me
    this.#all = all
  }

  list({ include }: { readonly include?: string | undefined } = {}): Grant[] {
    const known = this.#all.filter(({ owner, delegator, delegate }) => [owner, delegator, delegate].includes(this.#me))
    return include === 'ended' ? known : known.filter(({ status }) => status === 'live')
  }

  read(id: string): Grant | undefined {
    const found = this.#all.find((grant) => grant.id === id)
    return found && { ...found, chain: this.#chainOf(found).map(linkOf) }
  }

  below(id: string): Grant[] {
    const children = this.#all.filter(({ parent, status }) => parent === id && status === 'live')
    return children.flatMap((child) => [child, ...this.below(child.id)])
  }

  preview(asked: Asked): GrantPreview {
    const parent = asked.parent === undefined ? undefined : this.read(asked.parent)
    const grant = this.#made(asked, parent)
    if (parent && Date.parse(grant.expires_at) > Date.parse(parent.expires_at)) {
      return {
        allowed: false,
        code: 'grant_widened',
        status: 403,
        title: 'A grant may not give more than the grant it comes from.',
        detail: `expires_at: the grant that is passed on ends ${parent.expires_at}.`,
        field: 'expires_at',
      }
    }
    const { id: _, status: _status, ...shown } = grant
    const gates = asked.delegate.startsWith('agent:') ? ['consent', 'price', 'lead_time', 'risk'] : []
    return {
      allowed: true,
      grant: shown,
      would_allow: grant.actions.map((action) => ({
        action,
        scope: grant.scope,
        limited: action === 'execute',
        gates: action === 'execute' ? gates : [],
      })),
    }
  }

  issue(asked: Asked): Grant {
    const grant = this.#made(asked, asked.parent === undefined ? undefined : this.read(asked.parent))
    this.#all = [grant, ...this.#all]
    return grant
  }

  revoke(id: string): Grant | undefined {
    const cut = new Set(this.below(id).map((grant) => grant.id))
    this.#all = this.#all.map((grant) => {
      if (grant.id === id) return { ...grant, status: 'revoked', revoked_at: inDays(0), revoked_by: this.#me }
      return cut.has(grant.id) ? { ...grant, status: 'cut' } : grant
    })
    return this.#all.find((grant) => grant.id === id)
  }

  #made(asked: Asked, parent: Grant | undefined): Grant {
    const { delegate, actions, scope, limits = [], expires_at: until = inDays(7), redelegations = 0 } = asked
    return {
      id: ulid(150 + this.#all.length),
      status: 'live',
      delegator: this.#me,
      delegate,
      owner: parent?.owner ?? this.#me,
      actions: actions.includes('execute') ? [...new Set(['read', ...actions])] : actions,
      scope,
      limits,
      expires_at: until,
      redelegations,
      unattended: asked.unattended ?? false,
      ...(parent ? { parent: parent.id } : {}),
      created_at: inDays(0),
    }
  }

  #chainOf(grant: Grant): readonly Grant[] {
    const parent = this.#all.find(({ id }) => id === grant.parent)
    return parent ? [...this.#chainOf(parent), grant] : [grant]
  }
}
