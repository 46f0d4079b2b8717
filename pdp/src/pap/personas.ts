/**
 * Personas: creation, status changes, dates, and autonomy settings for agents (rules F1–F4).
 *
 * @module
 */
import { type Autonomy, type EpochMillis, type PartyRef, type PersonaStatus, refuse } from '@mandate/protocol'
import type { Manifest } from '../policy/manifest.ts'
import type { GateLimit } from '../ports/grants.ts'
import { personaId, personaName, personaParts } from '../ports/persona-id.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { PersonaRecord } from '../ports/register.ts'
import { boundObjection, unitOf } from './bounds.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, finishing, narrowing, type PapDeps, type Principal, person, requireStaying } from './pap.ts'

/** Most personas per person, revoked ones not counted (rule F1). */
const MAX_PERSONAS = 10
/** Earliest instant; with {@link FOREVER} the range that every database and JSON reader can represent. */
const EARLIEST = Date.UTC(1970, 0, 1)
/** Latest instant, and the default end of a persona. */
const FOREVER = Date.UTC(9999, 11, 31)

export interface PersonaRequest {
  readonly title: string
  readonly circle: string
  readonly validFrom?: EpochMillis | undefined
  readonly validTill?: EpochMillis | undefined
  readonly autonomy?: Autonomy | undefined
}

export interface PersonaPatch {
  readonly status?: PersonaStatus | undefined
  readonly validFrom?: EpochMillis | undefined
  readonly validTill?: EpochMillis | undefined
  /** `null` removes the settings. */
  readonly autonomy?: Autonomy | null | undefined
}

/** The newest persona of this name that is not revoked. */
export async function heldPersona(
  { register }: Pick<PapDeps, 'register'>,
  holder: PartyRef,
  name: string | undefined,
): Promise<PersonaRecord | undefined> {
  const personas = await register.personas(holder)
  return personas.findLast((persona) => personaName(persona.id) === name && persona.status !== 'revoked')
}

/** Creates a persona. It is `pending` if only a persona administrator may assign the title. */
export async function createPersona(deps: PapDeps, request: PersonaRequest, by: Principal): Promise<PersonaRecord> {
  const holder = person(by)
  return deps.locks.run(lockKey.personasOf(holder), () => take(deps, request, holder, by))
}

async function take(deps: PapDeps, request: PersonaRequest, holder: PartyRef, by: Principal): Promise<PersonaRecord> {
  await requireStaying(deps, holder)
  await deps.narrowings.finishAll(lockKey.personasOf(holder))
  const pack = deps.policies().byTitle.get(request.title)
  const rule = pack?.manifest.titles[request.title]
  if (!pack || !rule) throw refuse('persona_invalid', 'title: no domain knows it.', { field: 'title' })
  const all = await deps.register.personas(holder)
  const held = all.filter(({ status }) => status !== 'revoked')
  if (held.length >= MAX_PERSONAS)
    throw refuse('conflict', `At most ${MAX_PERSONAS} personas a person; revoke one first.`)
  // A suspended person could otherwise continue under another circle.
  if (held.some(({ title, status }) => title === request.title && status === 'suspended'))
    throw refuse(
      'conflict',
      'title: a persona of yours with that title is suspended; a persona administrator lifts that.',
      {
        field: 'title',
      },
    )
  const namesakes = all.filter(({ title, circle }) => title === request.title && circle === request.circle)
  if (namesakes.some(({ status }) => status !== 'revoked')) throw refuse('conflict', 'You hold that persona already.')
  const now = deps.clock()
  const persona: PersonaRecord = {
    id: personaId({ holder, title: request.title, circle: request.circle, n: namesakes.length + 1 }),
    holder,
    title: request.title,
    circle: request.circle,
    domain: pack.manifest.domain,
    status: rule.assume === 'self' ? 'active' : 'pending',
    validFrom: request.validFrom ?? now,
    validTill: request.validTill ?? FOREVER,
    autonomy: request.autonomy,
    createdAt: now,
  }
  requireAutonomy(deps, persona)
  await putPersona(deps, persona, 'persona_created', by)
  return persona
}

/** Changes the caller's own persona, or another person's if the caller is a persona administrator. */
export async function patchPersona(
  deps: PapDeps,
  id: string,
  patch: PersonaPatch,
  by: Principal,
): Promise<PersonaRecord> {
  const party = person(by)
  const { holder } = personaParts(id)
  const isTaken = holder !== party && (patch.status === 'suspended' || patch.status === 'revoked')
  return deps.locks.run(lockKey.personasOf(holder), () => change(deps, id, patch, by), isTaken ? 'first' : undefined)
}

async function change(deps: PapDeps, id: string, patch: PersonaPatch, by: Principal): Promise<PersonaRecord> {
  const party = person(by)
  const own = personaParts(id).holder === party
  // Administrators have no administrator's rights on their own personas.
  const administrator = !own && by.roles.includes('persona-admin')
  await requireStaying(deps, personaParts(id).holder)
  await deps.narrowings.finish(narrowedPersona(id))
  const persona = await deps.register.persona(id)
  if (!persona || !(own || administrator)) throw refuse('not_found', 'There is no such persona among yours.')
  if (patch.status !== undefined) requireTransition(persona.status, patch.status, own, administrator)
  const dates = patch.validFrom !== undefined || patch.validTill !== undefined
  const rule = deps.policies().byTitle.get(persona.title)?.manifest.titles[persona.title]
  if (dates && !administrator && rule?.assume !== 'self')
    throw refuse('forbidden', 'A persona administrator sets the dates of this title.')
  if (patch.autonomy !== undefined && !own) throw refuse('forbidden', 'Only its holder sets what agents may do.')
  const changed: PersonaRecord = {
    ...persona,
    pending: undefined,
    status: patch.status ?? persona.status,
    validFrom: patch.validFrom ?? persona.validFrom,
    validTill: patch.validTill ?? persona.validTill,
    autonomy: patch.autonomy === undefined ? persona.autonomy : (patch.autonomy ?? undefined),
  }
  if (patch.autonomy !== undefined) requireAutonomy(deps, changed)
  await putPersona(deps, changed, 'persona_changed', by)
  return changed
}

const OWN_MOVES: Partial<Record<PersonaStatus, readonly PersonaStatus[]>> = {
  pending: ['revoked'],
  active: ['inactive', 'revoked'],
  inactive: ['active', 'revoked'],
}
const ADMINISTRATORS_MOVES: Partial<Record<PersonaStatus, readonly PersonaStatus[]>> = {
  pending: ['active', 'revoked'],
  active: ['suspended', 'revoked'],
  inactive: ['suspended', 'revoked'],
  suspended: ['active', 'revoked'],
}

function requireTransition(from: PersonaStatus, to: PersonaStatus, own: boolean, administrator: boolean): void {
  if (from === to) return
  const allowed = [...((own && OWN_MOVES[from]) || []), ...((administrator && ADMINISTRATORS_MOVES[from]) || [])]
  if (!allowed.includes(to)) throw refuse('conflict', `A persona that is ${from} cannot become ${to} this way.`)
}

/** The caller's personas; with `waiting`, all pending ones, for persona administrators. */
export async function listPersonas(deps: PapDeps, waiting: boolean, by: Principal): Promise<readonly PersonaRecord[]> {
  if (!waiting) return deps.register.personas(person(by))
  if (!by.roles.includes('persona-admin')) throw refuse('forbidden', 'This needs the role persona-admin.')
  return deps.register.personasAwaitingApproval()
}

/**
 * Changes that take authority away are logged after they take effect, all others before: no authority exists unrecorded, and a failing log keeps none
 * alive. A change that does both is logged first.
 */
async function putPersona(
  deps: PapDeps,
  persona: PersonaRecord,
  kind: 'persona_created' | 'persona_changed',
  by: Principal,
): Promise<void> {
  if (persona.validFrom < EARLIEST)
    throw refuse('persona_invalid', 'valid_from: must not be before 1970.', { field: 'valid_from' })
  if (persona.validTill > FOREVER)
    throw refuse('persona_invalid', 'valid_till: must not be after 9999-12-31T00:00:00Z.', { field: 'valid_till' })
  if (persona.validFrom >= persona.validTill)
    throw refuse('persona_invalid', 'valid_till: must be after valid_from.', { field: 'valid_till' })
  const entry = entryOf(persona, kind, changeBy(by))
  const before = await deps.register.persona(persona.id)
  const onlyTakes = before?.status === 'active' && (persona.status !== 'active' || persona.autonomy?.consent !== true)
  if (!onlyTakes) {
    await deps.record([entry])
    await finishing(deps, () => applyPersona(deps, persona, undefined))
    return
  }
  const propose = (): Promise<void> => deps.register.proposePersona(persona)
  const narrowed = { what: narrowedPersona(persona.id), turn: lockKey.personasOf(persona.holder) }
  await narrowing(deps, narrowed, propose, (retry) => narrowPersona(deps, persona, entry, retry))
}

/** Name of a persona's change in the {@link PapDeps.narrowings}. All personas of one holder share a lock key. */
const narrowedPersona = (id: string): string => `persona ${id}`

/** OpenFGA first: a full disk or a failing log must not keep a persona usable. */
async function narrowPersona(
  deps: PapDeps,
  persona: PersonaRecord,
  entry: EntryDraft,
  beforeCompletion: () => Promise<void>,
): Promise<void> {
  await deps.authority.setPersona(persona.id, termOf(persona), gateLimits(deps, persona))
  await deps.record([entry])
  await beforeCompletion()
  await deps.register.completePersona(persona)
}

/** The dates in which the persona is usable; `undefined` unless it is active. */
const termOf = ({ status, validFrom, validTill }: PersonaRecord) =>
  status === 'active' ? { from: validFrom, till: validTill } : undefined

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

const entryOf = (persona: PersonaRecord, kind: 'persona_created' | 'persona_changed', by: By): EntryDraft => ({
  kind,
  ...by,
  owner: persona.holder,
  target: persona.id,
  change: described(persona),
})

/** Completes a pending change: OpenFGA, then the log. */
export function finishPersona(deps: PapDeps, persona: PersonaRecord, by: By): Promise<void> {
  return applyPersona(deps, persona, entryOf(persona, 'persona_changed', by))
}

/** @param after - Entry to record before the change counts as complete. */
async function applyPersona(deps: PapDeps, persona: PersonaRecord, after: EntryDraft | undefined): Promise<void> {
  await deps.register.proposePersona(persona)
  await deps.authority.setPersona(persona.id, termOf(persona), gateLimits(deps, persona))
  if (after) await deps.record([after])
  await deps.register.completePersona(persona)
}

function described(persona: PersonaRecord): Readonly<Record<string, unknown>> {
  return {
    title: persona.title,
    circle: persona.circle,
    status: persona.status,
    valid_from: new Date(persona.validFrom).toISOString(),
    valid_till: new Date(persona.validTill).toISOString(),
    ...(persona.autonomy ? { autonomy: persona.autonomy } : {}),
  }
}

/** @throws Fault `persona_invalid` for settings that do not fit the manifest. */
function requireAutonomy({ policies }: Pick<PapDeps, 'policies'>, { title, autonomy }: PersonaRecord): void {
  const manifest = policies().byTitle.get(title)?.manifest
  const objection = manifest && autonomy && autonomyObjection(manifest, autonomy)
  if (objection) throw refuse('persona_invalid', `autonomy: ${objection}`, { field: 'autonomy' })
}

/**
 * The settings as tuples of gates. Settings that were made under another policy and do not fit the present one count as none: no gate opens, and the
 * persona can still be suspended.
 */
function gateLimits(deps: Pick<PapDeps, 'policies'>, persona: PersonaRecord): readonly GateLimit[] {
  const manifest = deps.policies().byTitle.get(persona.title)?.manifest
  if (!manifest || !persona.autonomy || autonomyObjection(manifest, persona.autonomy)) return []
  const { consent, limits } = persona.autonomy
  return manifest.gates.flatMap(({ name, relation, attribute, bound }): GateLimit[] => {
    if (!attribute || !bound) return consent ? [{ relation, limit: undefined }] : []
    const set = limits[name]
    const rule = manifest.attributes[attribute]
    if (!set || !rule) return []
    return [{ relation, limit: { bound, value: set[bound] ?? 0, unit: unitOf(rule, set) } }]
  })
}

function autonomyObjection(manifest: Manifest, { consent, limits }: Autonomy): string | undefined {
  const settable = manifest.gates.filter((gate) => gate.attribute)
  const unknown = Object.keys(limits).find((name) => !settable.some((gate) => gate.name === name))
  if (unknown)
    return `there is no gate "${unknown}"; ${manifest.domain} has ${settable.map(({ name }) => name).join(', ')}.`
  for (const { name, attribute, bound } of settable) {
    const set = limits[name]
    if (!set && consent) return `consent needs every limit set; "${name}" is missing.`
    if (!set) continue
    const objection =
      boundObjection(set, manifest.attributes[attribute ?? '']) ??
      (bound && set[bound] === undefined ? `give ${bound}.` : undefined)
    if (objection) return `${name}: ${objection}`
  }
  return undefined
}

/** Resolves `title/circle` of a resource's owner. @returns empty in a domain without titles */
export async function personaForOwner(
  deps: PapDeps,
  owner: PartyRef,
  name: string | undefined,
  manifest: Manifest,
): Promise<string> {
  await requireStaying(deps, owner)
  if (Object.keys(manifest.titles).length === 0) return ''
  const persona = await heldPersona(deps, owner, name)
  if (persona && manifest.titles[personaParts(persona.id).title]) return persona.id
  throw refuse('persona_invalid', `owner_persona: the owner holds no such persona in ${manifest.domain}.`, {
    field: 'owner_persona',
  })
}
