/**
 * `mandate grant give` and `preview`: terms as they are typed, checked by what the domain declares.
 *
 * @module
 */
import {
  type Domain,
  type GrantPreview,
  grantPreviewSchema,
  grantSchema,
  type Limit,
  MAX_LIMITS,
} from '@mandate/protocol'
import type { z } from 'zod'
import { onlyPersona } from '../administer/personas.ts'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { instantOf } from '../duration.ts'
import { EXIT, usageError } from '../exit.ts'
import { minuteText, print } from '../output.ts'
import { connect, type Pdp } from '../pdp/client.ts'
import { domainOfScope, domainsOf, requireKnown } from '../pdp/domains.ts'
import { attributeOf, parseBound, splitAssignment } from '../pdp/measure.ts'
import { requireParty } from '../pdp/party.ts'
import { grantLines } from './text.ts'

interface TermOptions extends ConnectionOptions {
  readonly to: string
  readonly actions: string
  readonly on: string
  readonly persona?: string
  readonly for?: string
  readonly until?: string
  readonly atMost?: readonly string[]
  readonly atLeast?: readonly string[]
  readonly redelegations?: string
  readonly unattended?: true
  readonly delegatePersona?: string
  readonly parent?: string
}

export const giveGrant: Work<TermOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const { body, domain } = await termsOf(pdp, options)
  const grant = await pdp.call({ method: 'POST', path: '/v1/grants', body }, grantSchema)
  print(io, options, grant, () => [
    `${grant.delegate} may ${grant.actions.join(', ')} on ${grant.scope} until ${minuteText(grant.expires_at)}.`,
    ...grantLines(grant, [domain]),
    `Revoke it: mandate grant revoke ${grant.id}`,
  ])
  return undefined
}

export const previewGrant: Work<TermOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const { body, domain } = await termsOf(pdp, options)
  const preview = await pdp.call({ method: 'POST', path: '/v1/grants/preview', body }, grantPreviewSchema)
  print(io, options, preview, () => previewLines(preview, domain))
  return preview.allowed ? EXIT.ok : EXIT.failed
}

function previewLines(preview: z.output<typeof grantPreviewSchema>, domain: Domain): readonly string[] {
  if (!preview.allowed) return [`It would be refused: ${preview.title} ${preview.detail ?? ''}`.trim()]
  return [
    'It would allow:',
    ...preview.would_allow.map((one) => `  ${allowedText(one, domain)}`),
    ...grantLines(preview.grant, [domain]),
    'Nothing was given.',
  ]
}

type Allowed = Extract<GrantPreview, { allowed: true }>['would_allow'][number]

function allowedText({ action, scope, limited, gates }: Allowed, domain: Domain): string {
  const labels = gates.map((name) => domain.gates.find((gate) => gate.name === name)?.label ?? name)
  const within = labels.length === 0 ? '' : `, within the owner's settings: ${labels.join(', ')}`
  return `${action} on ${scope}${limited ? ' within the limits below' : ''}${within}`
}

interface Terms {
  readonly body: Readonly<Record<string, unknown>>
  readonly domain: Domain
}

/** Checks names before anything is sent, so that a misspelt one gets a suggestion. */
async function termsOf(pdp: Pdp, options: TermOptions): Promise<Terms> {
  const now = Date.now()
  if (options.for !== undefined && options.until !== undefined) throw usageError('Give either --for or --until.')
  const end = options.for ?? options.until
  const expires = end && instantOf(end, options.for === undefined ? '--until' : '--for', now)
  const domain = domainOfScope(await domainsOf(pdp), options.on)
  const grantable = Object.entries(domain.actions).flatMap(([name, { grantable: can }]) => (can ? [name] : []))
  const actions = options.actions.split(',').map((name) => name.trim())
  for (const name of actions) requireKnown('grantable action', name, grantable)
  return {
    domain,
    body: {
      delegate: requireParty('--to', options.to),
      delegator_persona: options.persona ?? (await onlyPersona(pdp, domain)),
      delegate_persona: options.delegatePersona,
      actions,
      scope: options.on,
      limits: limitsOf(options, domain),
      expires_at: expires,
      redelegations: options.redelegations === undefined ? undefined : count('--redelegations', options.redelegations),
      unattended: options.unattended,
      parent: options.parent,
    },
  }
}

function limitsOf({ atMost = [], atLeast = [] }: TermOptions, domain: Domain): readonly Limit[] | undefined {
  const limits = new Map<string, Limit>()
  const add = (option: '--at-most' | '--at-least', texts: readonly string[]): void => {
    for (const text of texts) {
      const [name, value] = splitAssignment(option, text)
      requireKnown('attribute', name, Object.keys(domain.attributes))
      const attribute = attributeOf(domain, name)
      if (!attribute) throw new TypeError('the attribute is known')
      const { value: bound, ...currency } = parseBound(option, name, value, attribute)
      const side = option === '--at-most' ? { at_most: bound } : { at_least: bound }
      limits.set(name, { ...limits.get(name), attribute: name, ...side, ...currency })
    }
  }
  add('--at-most', atMost)
  add('--at-least', atLeast)
  if (limits.size > MAX_LIMITS) throw usageError(`A grant has at most ${MAX_LIMITS} limits.`)
  return limits.size === 0 ? undefined : [...limits.values()]
}

/** A whole number, 0 or more. @throws CommandError (exit 64) */
export function count(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value
  throw usageError(`${option} must be a whole number, and is ${text || 'empty'}.`)
}
