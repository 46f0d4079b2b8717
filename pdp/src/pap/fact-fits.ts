/**
 * Validates facts of a domain's service against the domain's model. Names the first fact that does not fit; nothing is changed then.
 *
 * @module
 */
import { canonical, refuse, splitRef } from '@mandate/protocol'
import type { Manifest } from '../policy/manifest.ts'
import type { Pack } from '../policy/pack.ts'
import { isAsked } from '../policy/parameters.ts'
import { type Fact, isAboutEverybody, type RelationFact } from '../ports/facts.ts'
import type { Assignable, ConditionDescription, ModelDescription, ParameterType } from '../ports/model.ts'
import type { Principal } from './pap.ts'

/** Path of a fact in the request, for messages: `write.3`. */
type FactPath = string

/** OpenFGA's limit for the context of one condition, in bytes of protobuf. */
const MAX_CONTEXT_BYTES = 32 * 1024
/** Limit for all contexts of one request. OpenFGA takes 512 KiB, names of the tuples included. */
const MAX_REQUEST_BYTES = 256 * 1024

/** @throws Fault unless the fact is of a type and relation of its domain's model. */
export function requireFits(pack: Pack, model: ModelDescription, fact: Fact, place: FactPath, by: Principal): void {
  const object = 'of' in fact ? fact.of : fact.resource
  const { type, id } = splitRef(object)
  const { domain, resources } = pack.manifest
  if (Object.hasOwn(resources, type) && type !== 'user' && !by.types?.includes(type))
    throw refuse('forbidden', `${place}: this service is not registered for the type ${type}.`)
  requireOwnType(pack, model, type, `${place}.resource.type`, 'of' in fact ? ['user', 'agent'] : ['user', 'domain'])
  if ('of' in fact) {
    requireAttributes(pack, fact.attributes, Object.hasOwn(resources, type), place)
    if (structBytes({ attributes: canonical(fact.attributes) }) > MAX_CONTEXT_BYTES)
      throw refuse('invalid_request', `${place}.attributes: more than ${MAX_CONTEXT_BYTES / 1024} KiB together.`)
    return
  }
  requireOwnType(pack, model, splitRef(fact.subject).type, `${place}.subject.type`, ['user', 'agent', 'domain'])
  if (type === 'domain' && id !== domain) throw refuse('invalid_request', `${place}.resource.id: must be ${domain}.`)
  const relation = model.relation(type, fact.relation)
  const file = `${pack.name}/model.fga`
  if (relation?.file !== file || fact.relation === 'domain')
    throw refuse(
      'invalid_request',
      `${place}.relation: the model of ${domain} has no relation ${type}#${fact.relation}.`,
    )
  const condition = fact.condition && model.conditions.get(fact.condition.name)
  if (fact.condition && condition?.file !== file)
    throw refuse('invalid_request', `${place}.condition.name: the model of ${domain} has no such condition.`)
  if (!relation.assignable.some((one) => isAssignable(one, fact)))
    throw refuse(
      'invalid_request',
      `${place}.subject: the model does not allow it here; it says: ${type}#${fact.relation}: [${relation.assignable.map(({ text }) => text).join(', ')}].`,
    )
  if (fact.condition && condition) requireContext(pack.manifest, condition, fact.condition.context, place)
}

/** Types of the core's model (grants, personas, seats) change by their own operations, never as facts. */
function requireOwnType(
  { name, manifest }: Pack,
  model: ModelDescription,
  type: string,
  place: FactPath,
  ofCore: readonly string[],
): void {
  const file = model.files.get(type)
  if (file === undefined || file === `${name}/model.fga` || ofCore.includes(type)) return
  throw refuse('invalid_request', `${place}: ${type} is no type of the model of ${manifest.domain}.`)
}

function isAssignable({ type, condition, relation, everybody }: Assignable, fact: RelationFact): boolean {
  const subject = splitRef(fact.subject)
  return (
    type === subject.type &&
    everybody === isAboutEverybody(fact) &&
    relation === fact.subjectRelation &&
    condition === fact.condition?.name
  )
}

/** Rejects attributes that the manifest does not declare: no evaluation can use them. */
function requireAttributes(
  pack: Pack,
  sent: Readonly<Record<string, unknown>>,
  ofResource: boolean,
  place: FactPath,
): void {
  const { attributes, subject_attributes } = pack.manifest
  const declared = ofResource ? { ...attributes, ...subject_attributes } : subject_attributes
  for (const name of Object.keys(sent))
    if (!Object.hasOwn(declared, name))
      throw refuse(
        'invalid_request',
        `${place}.attributes.${name}: the manifest of ${pack.manifest.domain} declares no such attribute.`,
      )
}

const isNever = (): boolean => false

/** The JSON values that each parameter type accepts. No fact can store one of the last four types. */
const FITS: Readonly<Record<ParameterType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  double: (value) => typeof value === 'number',
  int: (value) => Number.isSafeInteger(value),
  uint: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  list: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  timestamp: (value) => typeof value === 'string' && isTimestamp(value),
  map: isNever,
  duration: isNever,
  ipaddress: isNever,
  any: isNever,
}

const TIMESTAMP =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u
/** Instants that CEL can compare: years 1 to 9999, UTC. */
const [EARLIEST, LATEST] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]

/** RFC 3339 with seconds and a zone, a day that exists. @see {@link https://www.rfc-editor.org/rfc/rfc3339#section-5.6 RFC 3339, section 5.6} */
function isTimestamp(value: string): boolean {
  const day = TIMESTAMP.exec(value)?.[1]
  if (day === undefined) return false
  const noon = new Date(`${day}T12:00:00Z`)
  const at = Date.parse(value.replace(/(\.\d{3})\d+/u, '$1'))
  return !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(day) && at >= EARLIEST && at <= LATEST
}

function requireContext(
  manifest: Manifest,
  { parameters }: ConditionDescription,
  context: Readonly<Record<string, unknown>>,
  place: FactPath,
): void {
  for (const name of parameters.keys())
    if (!isAsked(manifest, name) && !Object.hasOwn(context, name))
      throw refuse('invalid_request', `${place}.condition.context.${name}: is missing; no question gives it.`)
  for (const [name, value] of Object.entries(context)) {
    const type = parameters.get(name)?.type
    const where = `${place}.condition.context.${name}`
    if (name === 'current_time') throw refuse('invalid_request', `${where}: the time is the PDP's to say.`)
    if (type !== undefined && FITS[type](value)) continue
    throw refuse(
      'invalid_request',
      `${where}: ${type === undefined ? 'the condition has no such parameter.' : expected(type)}`,
    )
  }
  if (structBytes(context) > MAX_CONTEXT_BYTES)
    throw refuse('invalid_request', `${place}.condition.context: more than ${MAX_CONTEXT_BYTES / 1024} KiB together.`)
}

const expected = (type: ParameterType): string =>
  type === 'timestamp'
    ? 'must be an RFC 3339 timestamp with seconds and a zone, such as 2099-06-01T00:00:00Z.'
    : `must be a value of the type ${type}.`

/** Size limits of one Write. */
export function requireSize(facts: readonly Fact[]): void {
  const bytes = facts.reduce(
    (sum, fact) => sum + structBytes('of' in fact ? fact.attributes : (fact.condition?.context ?? {})),
    0,
  )
  if (bytes > MAX_REQUEST_BYTES)
    throw refuse(
      'invalid_request',
      `write: more than ${MAX_REQUEST_BYTES / 1024} KiB of values; send fewer facts at once.`,
    )
}

/** Bytes of a JSON object as `google.protobuf.Struct`: OpenFGA measures contexts in this encoding. */
function structBytes(object: object): number {
  return Object.entries(object).reduce((sum, [name, value]) => {
    const entry = field(Buffer.byteLength(name)) + field(valueBytes(value))
    return sum + field(entry)
  }, 0)
}

function valueBytes(value: unknown): number {
  if (typeof value === 'number') return 9
  if (typeof value === 'string') return field(Buffer.byteLength(value))
  if (Array.isArray(value)) return field(value.reduce((sum: number, one) => sum + field(valueBytes(one)), 0))
  if (typeof value === 'object' && value !== null) return field(structBytes(value))
  return 2
}

/** Size of a protobuf field with `bytes` of content: tag and length prefix included. */
const field = (bytes: number): number => 1 + Math.max(1, Math.ceil((32 - Math.clz32(bytes)) / 7)) + bytes
