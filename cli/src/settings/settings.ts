/**
 * `mandate settings`: autonomy settings of a persona, by the gates that the domain's manifest declares.
 *
 * @module
 */
import { type Autonomy, type Domain, type DomainGate, type Persona, personaSchema } from '@mandate/protocol'
import { personaNamed, personasOf } from '../administer/personas.ts'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { print, table } from '../output.ts'
import { connect } from '../pdp/client.ts'
import { domainsOf, requireKnown } from '../pdp/domains.ts'
import { attributeOf, boundText, parseBound, splitAssignment } from '../pdp/measure.ts'

interface SetOptions extends ConnectionOptions {
  readonly consent?: 'yes' | 'no'
  readonly limit?: readonly string[]
  readonly clear?: true
}

export const showSettings: Work<ConnectionOptions> = async (io, { options, args: [name] }) => {
  const pdp = await connect(io, options)
  const personas = name === undefined ? await personasOf(pdp, false) : [await personaNamed(pdp, name)]
  const domains = await domainsOf(pdp)
  const value = personas.map(({ id, title, circle, autonomy }) => ({ id, persona: `${title}/${circle}`, autonomy }))
  print(io, options, value, () =>
    personas.length === 0
      ? ['You have no persona: mandate persona request TITLE/CIRCLE.']
      : personas.flatMap((persona, index) => [...(index > 0 ? [''] : []), ...settingsLines(persona, domains)]),
  )
  return undefined
}

export const setSettings: Work<SetOptions> = async (io, { options, args: [name = ''] }) => {
  const { consent, limit = [], clear } = options
  if (clear && (consent !== undefined || limit.length > 0))
    throw usageError('--clear removes everything: give it alone.')
  if (!clear && consent === undefined && limit.length === 0) throw usageError('Give --consent, --limit or --clear.')
  const pdp = await connect(io, options)
  const persona = await personaNamed(pdp, name)
  const domains = await domainsOf(pdp)
  const domain = domains.find((each) => each.domain === persona.domain)
  if (!domain) throw usageError(`The domain ${persona.domain} of ${name} is not in force.`)
  // The wire's way to remove the settings.
  const autonomy = clear ? null : changed(persona.autonomy, options, domain, name)
  const path = `/v1/personas/${encodeURIComponent(persona.id)}`
  const after = await pdp.call({ method: 'PATCH', path, body: { autonomy } }, personaSchema)
  print(io, options, after, () => settingsLines(after, domains))
  return undefined
}

function changed(before: Autonomy | undefined, options: SetOptions, domain: Domain, name: string): Autonomy {
  const bounded = domain.gates.filter(({ bound }) => bound !== undefined)
  const limits = { ...before?.limits }
  for (const text of options.limit ?? []) {
    const [gateName, value] = splitAssignment('--limit', text)
    if (domain.gates.some((each) => each.name === gateName && each.bound === undefined))
      throw usageError(`The gate ${gateName} takes no limit: use --consent yes or --consent no.`)
    requireKnown(
      'gate',
      gateName,
      bounded.map((gate) => gate.name),
    )
    const gate = bounded.find((each) => each.name === gateName)
    const attribute = attributeOf(domain, gate?.attribute)
    if (!gate || !attribute) throw new TypeError('the gate is known')
    const { value: bound, ...currency } = parseBound('--limit', gateName, value, attribute)
    limits[gateName] = { ...(gate.bound === 'at_most' ? { at_most: bound } : { at_least: bound }), ...currency }
  }
  const consent = options.consent === undefined ? (before?.consent ?? false) : options.consent === 'yes'
  const missing = bounded.filter((gate) => !Object.hasOwn(limits, gate.name))
  if (consent && missing.length > 0) {
    const wanted = missing.map((gate) => `--limit ${gate.name}=${exampleOf(gate, domain)}`).join(' ')
    throw usageError(`Consent needs a limit for every gate of ${name}. Add: ${wanted}`)
  }
  return { consent, limits }
}

/** A value to begin with: what the manifest suggests, else the form of the value. */
function exampleOf({ attribute: name, form }: DomainGate, domain: Domain): string {
  const { type } = attributeOf(domain, name) ?? {}
  const { at_most, at_least, currency } = form?.suggested ?? {}
  const value = at_most ?? at_least
  if (type === 'money') return value === undefined ? "'100 EUR'" : `'${boundWithout({ value, currency })}'`
  if (type === 'instant') return `${Math.max(1, Math.round((value ?? 86_400) / 86_400))}d`
  return String(value ?? 'N')
}

const boundWithout = ({ value, currency }: { value: number; currency: string | undefined }): string =>
  boundText({ at_most: value, currency }, undefined).replace(/^at most /u, '')

function settingsLines(
  { title, circle, domain: name, autonomy }: Persona,
  domains: readonly Domain[],
): readonly string[] {
  const domain = domains.find((each) => each.domain === name)
  const head = `${title}/${circle} (${name}): ${consentText(autonomy)}`
  const bounded = domain?.gates.filter(({ bound }) => bound !== undefined) ?? []
  if (!domain || bounded.length === 0) return [head]
  const rows = bounded.map((gate) => {
    const setting = autonomy?.limits[gate.name]
    const text = setting === undefined ? 'not set' : boundText(setting, attributeOf(domain, gate.attribute))
    return [gate.name, gate.form?.label ?? gate.label, text]
  })
  return [head, ...table(['GATE', 'WHAT IT BOUNDS', 'LIMIT'], rows).map((line) => `  ${line}`)]
}

function consentText(autonomy: Autonomy | undefined): string {
  if (!autonomy) return 'no settings: agents may do nothing on their own'
  return autonomy.consent ? 'agents may act without asking, within these limits' : 'agents may not act without asking'
}
