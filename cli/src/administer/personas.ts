/**
 * Personas: one's own, and those that wait for an administrator.
 *
 * @module
 */
import {
  type Domain,
  type Persona,
  type PersonaStatus,
  personaNameSchema,
  personaSchema,
  ulidSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { instantOf } from '../duration.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { minuteText, print, table } from '../output.ts'
import { connect, type Pdp } from '../pdp/client.ts'
import { domainOfTitle, domainsOf } from '../pdp/domains.ts'

interface RequestOptions extends ConnectionOptions {
  readonly from?: string
  readonly till?: string
}

interface ListOptions extends ConnectionOptions {
  readonly waiting?: true
}

const listSchema = z.object({ items: z.array(personaSchema) })

export const requestPersona: Work<RequestOptions> = async (io, { options, args: [name = ''] }) => {
  const { title, circle } = partsOf(name)
  const now = Date.now()
  const { from, till } = options
  const body = {
    title,
    circle,
    valid_from: from && instantOf(from, '--from', now),
    valid_till: till && instantOf(till, '--till', now),
  }
  const pdp = await connect(io, options)
  domainOfTitle(await domainsOf(pdp), title)
  const persona = await pdp.call({ method: 'POST', path: '/v1/personas', body }, personaSchema)
  print(io, options, persona, () => [
    persona.status === 'pending'
      ? `${name} waits for a persona administrator: mandate persona approve ${persona.id}`
      : `${name} is ${persona.status}; valid until: ${minuteText(persona.valid_till)}.`,
  ])
  return undefined
}

/** Changes a persona's status. @param waits - The persona is looked for among those that wait for approval. */
export const setPersona =
  (status: PersonaStatus, waits: boolean): Work<ConnectionOptions> =>
  async (io, { options, args: [which = ''] }) => {
    const pdp = await connect(io, options)
    const id = await idOf(pdp, which, waits)
    const path = `/v1/personas/${encodeURIComponent(id)}`
    const persona = await pdp.call({ method: 'PATCH', path, body: { status } }, personaSchema)
    const name = `${persona.title}/${persona.circle}`
    print(io, options, persona, () => [`${name} of ${persona.holder} is ${persona.status}.`])
    return undefined
  }

/**
 * The caller's only usable persona in a domain, `TITLE/CIRCLE`; `undefined` where the domain has no titles, or the caller no persona in it.
 *
 * @throws CommandError (exit 64) when there are several
 */
export async function onlyPersona(pdp: Pdp, { domain, titles }: Domain): Promise<string | undefined> {
  if (Object.keys(titles).length === 0) return undefined
  const held = await personasOf(pdp, false).catch(noneForAgents)
  const usable = held.filter((one) => one.domain === domain && one.status === 'active')
  const [only, ...more] = usable.map(({ title, circle }) => `${title}/${circle}`)
  if (more.length > 0) throw usageError(`Which persona? Give --persona ${[only, ...more].join(' or ')}.`)
  return only
}

/** An agent passes on without a persona, and may not list any. */
function noneForAgents(error: unknown): [] {
  if (error instanceof CommandError && (error.code === 'in_person_only' || error.code === 'forbidden')) return []
  throw error
}

/** The caller's personas, or those that wait. */
export async function personasOf(pdp: Pdp, waiting: boolean): Promise<readonly Persona[]> {
  const query = waiting ? { waiting: 'true' } : {}
  return (await pdp.call({ path: '/v1/personas', query }, listSchema)).items
}

async function idOf(pdp: Pdp, which: string, waits: boolean): Promise<string> {
  if (ulidSchema.safeParse(which).success) return which
  partsOf(which)
  return (await personaNamed(pdp, which, waits)).id
}

/** Finds a persona by its name. @throws CommandError (exit 66) when there is none, 65 when there are several. */
export async function personaNamed(pdp: Pdp, name: string, waits = false): Promise<Persona> {
  const all = await personasOf(pdp, waits)
  const named = all.filter(({ title, circle }) => `${title}/${circle}` === name)
  const current = named.filter(({ status }) => status !== 'revoked')
  const [found, ...more] = current.length > 0 ? current : named
  const where = waits ? 'among those that wait' : 'of yours'
  if (!found) {
    const known = all.map(({ title, circle }) => `${title}/${circle}`).join(', ')
    const mend = waits ? 'List them: mandate persona list --waiting.' : 'List yours: mandate persona list.'
    const detail = known ? `There are ${known}.` : undefined
    throw new CommandError(EXIT.notFound, `There is no persona ${name} ${where}.`, {
      code: 'persona_unknown',
      detail,
      mend,
    })
  }
  if (more.length === 0) return found
  const several = [found, ...more].map(({ id, holder }) => `${id} of ${holder}`).join(', ')
  throw new CommandError(EXIT.data, `There are several ${name} ${where}: ${several}.`, {
    code: 'persona_ambiguous',
    mend: 'Give the id.',
  })
}

function partsOf(name: string): { readonly title: string; readonly circle: string } {
  const parsed = personaNameSchema.safeParse(name)
  if (!parsed.success) throw usageError(`A persona is TITLE/CIRCLE, such as donor/ward-2, and not ${name}.`)
  const [title = '', circle = ''] = name.split('/')
  return { title, circle }
}

export const listPersonas: Work<ListOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const waiting = options.waiting === true
  const items = await personasOf(pdp, waiting)
  const row = (one: Persona) => [
    `${one.title}/${one.circle}`,
    one.domain,
    one.status,
    minuteText(one.valid_till),
    one.id,
    ...(waiting ? [one.holder] : []),
  ]
  const headings = ['PERSONA', 'DOMAIN', 'STATUS', 'VALID UNTIL', 'ID', ...(waiting ? ['HOLDER'] : [])]
  const none = waiting ? 'No persona waits for approval.' : 'You have no persona: mandate persona request TITLE/CIRCLE.'
  print(io, options, items, () => (items.length === 0 ? [none] : table(headings, items.map(row))))
  return undefined
}

export const listTitles: Work<ConnectionOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const domains = await domainsOf(pdp)
  const titles = domains.flatMap(({ domain, titles: all }) =>
    Object.entries(all).map(([title, { assume, about }]) => ({ domain, title, assume, about })),
  )
  print(io, options, titles, () =>
    titles.length === 0
      ? ['No domain of this PDP has titles: people need no persona.']
      : table(
          ['TITLE', 'DOMAIN', 'TAKEN BY', 'WHAT IT LETS YOU DO'],
          titles.map(({ title, domain, assume, about }) => [
            title,
            domain,
            assume === 'self' ? 'anybody' : 'approval',
            about,
          ]),
        ),
  )
  return undefined
}
