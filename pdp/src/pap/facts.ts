/**
 * Facts of domains whose own model decides: stored and removed by the domain's services. A request with a fact that the model does not allow is rejected
 * whole.
 *
 * @module
 */
import { MAX_FACTS, type PartyRef, PROBLEMS, refuse, splitRef } from '@mandate/protocol'
import type { Manifest } from '../policy/manifest.ts'
import type { Pack } from '../policy/pack.ts'
import { type Fact, factKey } from '../ports/domain-facts.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { FactChange } from '../ports/stores.ts'
import { requireFits, requireSize } from './fact-fits.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, type PapDeps, type Principal, requireStaying } from './pap.ts'

export interface FactChangeRequest {
  readonly domain: string
  readonly write: readonly Fact[]
  readonly remove: readonly Fact[]
}

/** @returns the number of changed facts. Facts that exist already, or are not there to remove, do not count. */
export async function changeFacts(
  deps: PapDeps,
  { domain, write, remove }: FactChangeRequest,
  by: Principal,
): Promise<{ readonly written: number; readonly removed: number }> {
  const pack = requireDomain(deps, domain, by)
  const { limits } = deps.factWriter
  const rules = { pack, model: deps.policies().model, limits }
  for (const [index, fact] of write.entries()) requireFits(rules, fact, `write.${index}`, by)
  for (const [index, fact] of remove.entries()) requireFits(rules, fact, `remove.${index}`, by)
  requireDistinct([...write, ...remove])
  requireSize(limits, write)
  return deps.locks.run(lockKey.facts(domain), async () => {
    await requireStaying(deps, ...write.flatMap(peopleIn(pack.manifest)))
    await finishOpen(deps, domain, changeBy(by))
    const fresh = await unknownOf(deps, write)
    // Includes facts that the database has already: OpenFGA may have lost them.
    const plan = await deps.factWriter.plan(write, remove)
    await carryOut(deps, { plan, domain, write: fresh, remove }, changeBy(by))
    return { written: fresh.length, removed: remove.length }
  })
}

/** The facts that the database does not have. */
async function unknownOf({ facts }: PapDeps, write: readonly Fact[]): Promise<readonly Fact[]> {
  const isKnown = await Promise.all(write.map((fact) => facts.has(fact)))
  return write.filter((_, index) => !isKnown[index])
}

/** Completes or undoes an earlier change of the domain's facts. The caller holds the lock of the domain's facts. */
async function finishOpen(deps: PapDeps, domain: string, by: By): Promise<void> {
  for (const change of await deps.intents.factChanges())
    if (change.domain === domain) await finishFactChange(deps, change, by)
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/** A change that only removes is logged after it takes effect, any other one before (ADR 0003). */
async function carryOut(deps: PapDeps, change: FactChange, by: By): Promise<void> {
  const { intents, factWriter, record, unfinished } = deps
  await intents.putFactChange(change)
  try {
    if (!onlyRemoves(change)) await record(await entriesOf(deps, change, by))
    await factWriter.carryOut(change.plan)
    if (onlyRemoves(change)) await record(await entriesOf(deps, change, by))
  } catch (cause) {
    // A Write without an answer may have been applied: then the change is complete.
    const landed = await finishFactChange(deps, change, by).catch(unfinished)
    if (landed !== true) throw cause
    return
  }
  await complete(deps, change)
}

/** The facts are remembered as they are now, and the change is over. */
async function complete({ transaction }: PapDeps, change: FactChange): Promise<void> {
  await transaction(async ({ facts, intents }) => {
    await facts.change(change.write, change.remove)
    await intents.dropFactChange(change)
  })
}

/** Completes or undoes an interrupted change. @returns whether it was carried out */
export async function finishFactChange(deps: PapDeps, change: FactChange, by: By): Promise<boolean> {
  const { intents, leases, factWriter, record } = deps
  await leases.require('facts', change.plan.id)
  const landed = await factWriter.resolve(change.plan)
  if (landed && onlyRemoves(change)) await record(await entriesOf(deps, change, by))
  if (!landed && !onlyRemoves(change)) await record([undoneEntry(change, by)])
  if (landed) await complete(deps, change)
  else await intents.dropFactChange(change)
  return landed
}

const onlyRemoves = ({ write }: FactChange): boolean => write.length === 0

/** The entries of a change; none when nothing changed. */
async function entriesOf(deps: PapDeps, { domain, write, remove }: FactChange, by: By): Promise<readonly EntryDraft[]> {
  if (write.length + remove.length === 0) return []
  return [{ kind: 'facts_changed', ...by, target: domain, change: await changeOf(deps, write, remove) }]
}

/** The entry that cancels a recorded change which was not carried out. */
const undoneEntry = ({ domain }: FactChange, by: By): EntryDraft => ({
  kind: 'fault',
  ...by,
  target: domain,
  code: 'relations_unavailable',
  status: PROBLEMS.relations_unavailable.status,
})

/** All facts about a person: as subject, or as resource of a type whose ids are people's. */
export async function factsOf(
  { policies, facts }: Pick<PapDeps, 'policies' | 'facts'>,
  pseudonym: string,
): Promise<readonly Fact[]> {
  const types = policies().packs.flatMap(({ manifest }) => peopleTypes(manifest))
  return facts.about(['user', ...types].map((type) => `${type}:${pseudonym}` as const))
}

/** Removes all facts about a person, for their erasure, in batches of one Write each. Idempotent. */
export async function dropFactsOf(deps: PapDeps, pseudonym: string, by: By): Promise<void> {
  const open = (await deps.intents.factChanges()).map(({ domain }) => domain)
  const known = (await factsOf(deps, pseudonym)).map(({ domain }) => domain)
  // All domains in force: a change that began before the erasure may be about to write the first fact about the person.
  const domains = new Set([...open, ...known, ...deps.policies().byDomain.keys()])
  for (const domain of domains)
    await deps.locks.run(lockKey.facts(domain), async () => {
      // Undoing would write the facts back, which must not happen for an erased person.
      await finishOpen(deps, domain, by)
      const known = await factsOf(deps, pseudonym)
      await drop(
        deps,
        known.filter((fact) => fact.domain === domain),
      )
    })
}

async function drop({ factWriter, facts }: PapDeps, dropped: readonly Fact[]): Promise<void> {
  for (let start = 0; start < dropped.length; start += MAX_FACTS) {
    const some = dropped.slice(start, start + MAX_FACTS)
    await factWriter.carryOut(await factWriter.plan([], some))
    await facts.change([], some)
  }
}

/** The parties that a fact is about. */
const peopleIn =
  (manifest: Manifest) =>
  (fact: Fact): readonly PartyRef[] => {
    const types = ['user', ...peopleTypes(manifest)]
    return ('of' in fact ? [fact.of] : [fact.subject, fact.resource])
      .map(splitRef)
      .flatMap(({ type, id }) => (types.includes(type) ? [`user:${id}` as const] : []))
  }

const peopleTypes = ({ resources }: Manifest): readonly string[] =>
  Object.entries(resources).flatMap(([type, { people }]) => (people ? [type] : []))

function requireDomain(deps: PapDeps, domain: string, by: Principal): Pack {
  const policies = deps.policies()
  const isOurs = !by.onlyAsks && by.types?.some((type) => policies.byType.get(type)?.manifest.domain === domain)
  const pack = policies.byDomain.get(domain)
  if (isOurs && pack) return pack
  throw refuse(
    'forbidden',
    'Facts of a domain are stored by the services registered for its types, with their own tokens.',
  )
}

function requireDistinct(facts: readonly Fact[]): void {
  if (new Set(facts.map(factKey)).size < facts.length)
    throw refuse('invalid_request', 'write, remove: the same fact stands twice.')
}

/** A fact for the log: pseudonyms, redacted resource names, and of attributes the names only, since values are free text. */
async function changeOf(
  { redact }: PapDeps,
  write: readonly Fact[],
  remove: readonly Fact[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const shown = async (ref: `${string}:${string}`): Promise<string> =>
    /^(user|agent|domain):/.test(ref) ? ref : redact.resource(ref, false)
  const lineOf = async (fact: Fact): Promise<string> =>
    'of' in fact
      ? `${await shown(fact.of)} ${Object.keys(fact.attributes).sort().join(',')}`
      : `${await shown(fact.subject)} ${fact.relation} ${await shown(fact.resource)}`
  return { write: await Promise.all(write.map(lineOf)), remove: await Promise.all(remove.map(lineOf)) }
}
