/**
 * Finds candidates of a search in the register. Each is then decided like an evaluation, so that a result is always permitted.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { Manifest } from '../policy/manifest.ts'
import type { Facts } from '../ports/domain-facts.ts'
import type { GrantRecord } from '../ports/grants.ts'
import { personaName, personaParts } from '../ports/persona-id.ts'
import type { Directory, GrantFilter, Register } from '../ports/register.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import { decide } from './decide.ts'
import type { DecideDeps } from './deps.ts'
import type { Evaluation } from './evaluation.ts'
import type { Verdict } from './verdict.ts'

export interface SearchDeps extends DecideDeps {
  readonly directory: Pick<Directory, 'owned' | 'parts'>
  readonly register: Pick<Register, 'grants' | 'personas'>
  readonly facts: Pick<Facts, 'entities'>
}

/** Page size for reading all live grants. */
const GRANTS_PER_PAGE = 10_000

/** Resources of a type that may be permitted, without repetitions. */
export async function resourceCandidates(
  deps: SearchDeps,
  question: Omit<Evaluation, 'resource'>,
  type: string,
): Promise<readonly ResourceRef[]> {
  const pack = deps.policies().byType.get(type)
  if (!pack || type === pack.manifest.account) return []
  if (isByRelation(pack.manifest, question.action)) return deps.facts.entities(pack.manifest.domain, type)
  const { subject, actor } = question
  const path = typePath(pack.manifest, type)
  const found = new Set<ResourceRef>()
  const addBelow = async (refs: readonly ResourceRef[]): Promise<void> => {
    for (const ref of refs) for (const part of await partsBelow(deps, ref, path)) found.add(part)
  }
  const [rootType = type] = path
  if (!actor) await addBelow(await deps.directory.owned(subject, rootType))
  for (const grant of await liveGrantsTo(deps, actor ?? subject)) {
    if (grant.covers === `all:${pack.manifest.domain}`) {
      const persona = 'persona' in grant.scope ? grant.scope.persona : undefined
      await addBelow(await deps.directory.owned(grant.owner, rootType, persona))
    } else await addBelow([grant.covers as ResourceRef])
  }
  return [...found]
}

/** Whether the domain's own model decides the action: then the candidates are the entities of its facts. */
const isByRelation = ({ actions }: Manifest, action: string): boolean =>
  Object.hasOwn(actions, action) && actions[action]?.relation !== undefined

/** Types from the root type down to `type`. */
function typePath(manifest: Manifest, type: string): readonly string[] {
  const parent = manifest.resources[type]?.parent
  return parent === undefined ? [type] : [...typePath(manifest, parent), type]
}

/** Resources of the path's last type at or below `ref`. */
async function partsBelow(
  deps: SearchDeps,
  ref: ResourceRef,
  path: readonly string[],
): Promise<readonly ResourceRef[]> {
  const at = path.indexOf(splitRef(ref).type)
  if (at < 0) return []
  let level: readonly ResourceRef[] = [ref]
  for (const type of path.slice(at + 1))
    level = (await Promise.all(level.map((parent) => deps.directory.parts(parent, type)))).flat()
  return level
}

function liveGrantsTo(deps: SearchDeps, delegate: PartyRef): Promise<readonly GrantRecord[]> {
  return liveGrants(deps, { delegate })
}

async function liveGrants(
  { register, clock }: SearchDeps,
  filter: Pick<GrantFilter, 'delegate' | 'owner' | 'covers'>,
): Promise<readonly GrantRecord[]> {
  const all: GrantRecord[] = []
  let page: readonly GrantRecord[]
  do {
    const before = all.at(-1)?.id
    page = await register.grants({ ...filter, ended: false, now: clock(), limit: GRANTS_PER_PAGE, before })
    all.push(...page)
  } while (page.length === GRANTS_PER_PAGE)
  return all
}

/** Parties that may be permitted on a resource: its owner, and the delegates of live grants that cover it. */
export async function subjectCandidates(
  deps: SearchDeps,
  { resource, action }: Pick<Evaluation, 'resource' | 'action'>,
  type: string,
): Promise<readonly PartyRef[]> {
  const manifest = deps.policies().byType.get(splitRef(resource).type)?.manifest
  // A domain's own word for people means `user` here.
  const kind = manifest?.subjects.includes(type) ? 'user' : type
  if (manifest && isByRelation(manifest, action))
    return kind === 'user' || kind === 'agent'
      ? ((await deps.facts.entities(manifest.domain, kind)) as readonly PartyRef[])
      : []
  // OpenFGA rejects questions about a type that its model does not have.
  if (!manifest) return []
  const statistics = new RequestStatistics()
  statistics.fresh = true
  const located = await deps.relations.locate(resource, statistics)
  if (!located) return []
  const covering: readonly string[] = [located.resource, ...located.ancestors, `all:${manifest.domain}`]
  const grants = (
    await Promise.all(covering.map((covers) => liveGrants(deps, { owner: located.owner, covers })))
  ).flat()
  const parties = new Set([located.owner, ...grants.map(({ delegate }) => delegate)])
  return [...parties].filter((party) => splitRef(party).type === kind)
}

/** What one search works with: the personas of each subject are read once, however many candidates it has. */
export function forOneSearch<D extends SearchDeps>(deps: D): D {
  const read = new Map<PartyRef | undefined, ReturnType<Register['personas']>>()
  const personas: Register['personas'] = (holder) => {
    const known = read.get(holder) ?? deps.register.personas(holder)
    read.set(holder, known)
    return known
  }
  return { ...deps, register: { grants: (filter) => deps.register.grants(filter), personas } }
}

/** Decides for each active persona of a person until one is permitted. Agents have none and are decided once. */
export async function decideForAnyPersona(deps: SearchDeps, question: Evaluation): Promise<Verdict | undefined> {
  if (splitRef(question.subject).type === 'agent' || question.persona !== undefined) {
    const verdict = await decide(question, deps)
    return verdict.decision ? verdict : undefined
  }
  const manifest = deps.policies().byType.get(splitRef(question.resource).type)?.manifest
  const titles = manifest && !isByRelation(manifest, question.action) ? manifest.titles : {}
  const held = await deps.register.personas(question.subject)
  const names = held
    .filter(({ status, id }) => status === 'active' && Object.hasOwn(titles, personaParts(id).title))
    .map(({ id }) => personaName(id))
  for (const persona of Object.keys(titles).length === 0 ? [undefined] : names) {
    const verdict = await decide({ ...question, persona }, deps)
    if (verdict.decision) return verdict
  }
  return undefined
}

/** Actions that apply to the resource's type. */
export function actionCandidates(deps: SearchDeps, resource: ResourceRef): readonly string[] {
  const { type } = splitRef(resource)
  const manifest = deps.policies().byType.get(type)?.manifest
  if (!manifest) return []
  const on = type === manifest.account ? 'account' : 'resource'
  const { model } = deps.policies()
  return Object.entries(manifest.actions)
    .filter(([, rule]) => rule.on === on && (!rule.relation || model.relation(type, rule.relation)))
    .map(([name]) => name)
}
