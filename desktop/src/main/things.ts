/**
 * Things of every domain: which exist for the person, by the PDP's search, and what their services call them.
 *
 * @module
 */
import {
  type Domain,
  domainListSchema,
  entitiesFoundSchema,
  labelsSchema,
  MAX_LABELS,
  splitRef,
} from '@mandate/protocol'
import type { Api, ServiceName } from './api.ts'
import type { Context, Handlers } from './handlers.ts'
import type { DesktopConfig } from './host.ts'

export const thingHandlers: Handlers<'things.list' | 'things.labels'> = {
  'things.list': async (_input, { api, account }) => {
    const { items: domains } = await api.call('pdp', { path: '/v1/domains' }, domainListSchema)
    const found = await Promise.all(domains.flatMap((domain) => searchesOf(domain, account.party, api)))
    return { items: found.flat() }
  },
  'things.labels': async ({ ids }, context) => {
    const askable = ids.filter((id) => !id.includes(','))
    const services = Object.keys(context.config.services).filter((name) => name !== 'pdp')
    const groups = await byPersona(askable, context)
    const questions = groups.flatMap(([persona, its]) =>
      services.map((service) => ({ service, persona, ids: idsFor(service, its, context.config) })),
    )
    const answers = await Promise.all(questions.map((question) => labelsFrom(question, context)))
    return { labels: Object.assign({}, ...answers) }
  },
}

/**
 * The things that a service may be asked about. Ids can be confidential, and a name shown for another service's thing would mislead who gives a grant on
 * it.
 */
function idsFor(service: ServiceName, ids: readonly string[], { types = {} }: DesktopConfig): readonly string[] {
  const own = Object.hasOwn(types, service) ? types[service] : undefined
  if (own) return ids.filter((id) => own.includes(splitRef(id).type))
  const others = new Set(Object.values(types).flat())
  return ids.filter((id) => !others.has(splitRef(id).type))
}

/** Groups ids by the persona that their service is asked in: one of their own domain, since a persona can do nothing in another domain. */
async function byPersona(
  ids: readonly string[],
  { api, personas }: Context,
): Promise<readonly (readonly [string | undefined, readonly string[]])[]> {
  const [{ items: domains }, usable] = await Promise.all([
    api.call('pdp', { path: '/v1/domains' }, domainListSchema),
    personas.usable(api),
  ])
  const chosen = personas.chosen()
  const preferred = chosen === undefined ? usable : [chosen, ...usable]
  const personaFor = (id: string): string | undefined => {
    const domain = domains.find(({ resources }) => Object.hasOwn(resources, splitRef(id).type))
    return preferred.find((name) => domain && Object.hasOwn(domain.titles, name.split('/')[0] ?? '')) ?? chosen
  }
  return [...Map.groupBy(ids, personaFor)]
}

interface LabelQuestion {
  readonly service: ServiceName
  /** `title/circle`. */
  readonly persona: string | undefined
  readonly ids: readonly string[]
}

/** One search for each topmost type of a domain in which things are owned: its parts are not listed. */
function searchesOf({ account, resources, actions }: Domain, party: string, api: Api): Promise<readonly string[]>[] {
  const action = Object.keys(actions).find((name) => actions[name]?.grantable && actions[name].on === 'resource')
  if (account === undefined || action === undefined) return []
  const topmost = Object.keys(resources).filter((type) => type !== account && resources[type]?.parent === undefined)
  const { type, id } = splitRef(party)
  return topmost.map(async (searched) => {
    const body = { subject: { type, id }, action: { name: action }, resource: { type: searched } }
    const request = { method: 'POST', path: '/access/v1/search/resource', body } as const
    const { results } = await api.call('pdp', request, entitiesFoundSchema)
    return results.map((found) => `${found.type}:${found.id}`)
  })
}

/** Nothing from a service that does not answer or has no labels: the window shows type and short id then. */
async function labelsFrom(
  { service, persona, ids }: LabelQuestion,
  { api }: Context,
): Promise<Readonly<Record<string, string>>> {
  const headers = persona === undefined ? {} : { 'mandate-persona': persona }
  const labels: Record<string, string> = {}
  for (let from = 0; from < ids.length; from += MAX_LABELS) {
    const query = { ids: ids.slice(from, from + MAX_LABELS).join(',') }
    const answer = await api.call(service, { path: '/labels', query, headers }, labelsSchema).catch(() => undefined)
    if (!answer) break
    for (const id of ids) {
      const label = Object.hasOwn(answer.labels, id) ? answer.labels[id] : undefined
      if (label !== undefined) labels[id] = label
    }
  }
  return labels
}
