/**
 * Text about what exists on the PDP of `npm run serve`: tables of people, resources and grants, and requests for curl. Pure.
 *
 * @module
 */
import { moneyText } from '@mandate/protocol'
import type { AskedQuestion, PlayedWorld } from './serve-world.ts'
import { table } from './table.ts'

/** Where the PDP is, and the key of its clients. */
interface Access {
  readonly url: string
  readonly key: string
}

/** Lines of the text. */
export function describeWorld(world: PlayedWorld, access: Access): readonly string[] {
  const { permitted, denied, advanced } = world
  return [
    `From cases.yaml, with "given" of the case: ${world.case}`,
    '(--case TEXT chooses another one, --no-cases plays none)',
    ...(advanced > 0 ? [`The PDP's clock is ${advanced / 3_600_000} hours ahead, by the steps "later".`] : []),
    '',
    ...table(['who', 'personas', 'agents may act for them'], partiesOf(world)),
    ...section(table(['resource', 'owner or parent'], resourcesOf(world)), resourcesOf(world)),
    ...section(table(['grant', 'from → to', 'actions', 'on', 'until'], grantsOf(world)), grantsOf(world)),
    ...otherSteps(world),
    ...example('permitted', permitted, access),
    ...example('denied', denied, access),
  ]
}

const section = (lines: readonly string[], rows: readonly unknown[]): readonly string[] =>
  rows.length === 0 ? [] : ['', ...lines]

function partiesOf({ pack: { file } }: PlayedWorld): readonly (readonly string[])[] {
  const people = Object.entries(file.people).map(([name, personas]) => {
    const settings = file.autonomy[name]
    const limits = Object.entries(settings?.limits ?? {}).map(([gate, limit]) => `${gate} ${boundsText(limit)}`)
    const may = settings?.consent ? ['yes', ...limits].join(', ') : 'no'
    return [`user:${name}`, personas.join(', ') || '–', may]
  })
  return [...people, ...file.agents.map((name) => [`agent:${name}`])]
}

function boundsText(limit: object): string {
  const {
    at_most: most,
    at_least: least,
    currency,
  } = limit as {
    readonly at_most?: number
    readonly at_least?: number
    readonly currency?: string
  }
  const text = (value: number): string => (currency === undefined ? String(value) : moneyText(value, currency))
  return [most === undefined ? [] : `≤ ${text(most)}`, least === undefined ? [] : `≥ ${text(least)}`].flat().join(' ')
}

function resourcesOf({ pack: { file } }: PlayedWorld): readonly (readonly string[])[] {
  const refOf = (name: string): string => `${file.resources[name]?.type}:${file.resources[name]?.id ?? name}`
  return Object.entries(file.resources).map(([name, { owner, persona, parent }]) => {
    if (parent !== undefined) return [refOf(name), `in ${refOf(parent)}`]
    const as = persona ?? file.people[owner ?? '']?.[0]
    return [refOf(name), owner === undefined ? '–' : `user:${owner}${as === undefined ? '' : ` as ${as}`}`]
  })
}

function grantsOf({ grants }: PlayedWorld): readonly (readonly string[])[] {
  return grants.map(({ id, from, to, actions, scope, expiresAt, isRevoked }) => [
    id,
    `${from} → ${to}`,
    actions.join(', '),
    scope,
    isRevoked ? 'revoked' : expiresAt,
  ])
}

/** Steps of `given` that changed what the tables above show. */
function otherSteps({ given }: PlayedWorld): readonly string[] {
  const others = given.filter(({ grant, revoke }) => grant === undefined && revoke === undefined)
  return others.length === 0 ? [] : ['', 'Then played:', ...others.map((step) => `  ${JSON.stringify(step)}`)]
}

function example(outcome: string, asked: AskedQuestion | undefined, { url, key }: Access): readonly string[] {
  if (!asked) return ['', `No question of the cases is ${outcome} here.`]
  const { ask, request, context } = asked
  const reasons = context.reasons.map(({ code }) => code).join(', ')
  return [
    '',
    `A request that is ${outcome} (${ask}: ${reasons}):`,
    `  curl -s ${url}/access/v1/evaluation -H 'authorization: Bearer ${key}' -H 'content-type: application/json' \\`,
    `    -d ${quoted(JSON.stringify(request))}`,
  ]
}

/** A word for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
