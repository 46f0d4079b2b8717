import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { csvCell, csvRow } from './csv.ts'
import { ENTRY_KINDS } from './entry.ts'
import { EXPORT_FORMATS } from './export.ts'
import { OCSF_VERSION, ocsfEvent } from './ocsf.ts'
import { type LoggedEntry, leafBytes } from './query.ts'
import { gateCodeSchema } from './reason.ts'

const link = {
  grant: '01KC0000000000000000000001',
  delegator: 'user:p_1',
  delegate: 'agent:booking-agent',
  actions: ['execute'],
  scope: 'workflow:w1',
  expires_at: '2026-12-01T00:00:00Z',
}
const full: LoggedEntry = {
  v: 1,
  id: '01KC0000000000000000000000',
  at: '2026-11-21T20:15:04.120Z',
  kind: 'evaluation',
  subject: 'user:p_1',
  actor: 'agent:booking-agent',
  caller: 'service:trips',
  persona: 'traveler/family',
  action: 'execute',
  resource: 'workflow_item:w1-1',
  root: 'workflow:w1',
  owner: 'user:p_2',
  decision: false,
  reasons: [{ code: gateCodeSchema.parse('price_above_limit'), limit: 4100, actual: 4200 }],
  chain: [link],
  attributes: { 'planned_price.EUR': 4200 },
  model: '01KCMODEL',
  policy: 'travel@3f2a',
  request_id: '01KC0000000000000000000009',
  latency_ms: 4.125,
  index: 7,
  origin: 'pdp.example/log',
}
const minimal = (kind: LoggedEntry['kind']): LoggedEntry => ({ v: 1, id: full.id, at: full.at, kind, index: 0 })

/** Reads CSV as RFC 4180 has it. */
function parsed(csv: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, cell = '', end] of csv.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gu)) {
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

test('a line of JSON holds the entry as the log has it: without index and origin it is the leaf', () => {
  const read = JSON.parse(EXPORT_FORMATS.jsonl.line(full)) as LoggedEntry
  expect(read).toEqual(full)
  expect(leafBytes(read)).toEqual(leafBytes(full))
})

describe('CSV', () => {
  const { head, line } = EXPORT_FORMATS.csv

  test('has as many cells in a row as in its head, whatever the entry holds', () => {
    const [names = [], ...rows] = parsed(head + line(full) + line(minimal('fault')))
    expect(rows.map((row) => row.length)).toEqual([names.length, names.length])
    const shown = Object.fromEntries(names.map((name, at) => [name, rows[0]?.[at]]))
    expect(shown).toMatchObject({
      decision: 'deny',
      reasons: 'price_above_limit',
      chain: `user:p_1 > agent:booking-agent (${link.grant})`,
      attributes: '{"planned_price.EUR":4200}',
      latency_ms: '4.125',
    })
  })

  test('quotes, commas and line ends stay in their cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const [cells] = parsed(`${csvCell(`x${text}`)},${csvCell('y')}\r\n`)
        expect(cells).toEqual([`x${text}`, 'y'])
      }),
    )
  })

  test.for([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    ' =1',
    '\u00a0=1',
    '\u200b=1',
    '＝1',
    '＋1',
    '－1',
    '＠x',
    '\tx',
  ])('no cell begins as a formula: %j', (text) => {
    expect(csvCell(text)).toBe(`"'${text}"`)
  })

  test('no text of an entry begins a cell as a formula', () => {
    const evil = '=HYPERLINK("http://x")'
    const row = csvRow({ ...full, action: evil, resource: evil, persona: evil, target: evil, code: evil, model: evil })
    for (const cell of parsed(row)[0] ?? []) expect(cell).not.toMatch(/^\s*[=+\-@]/u)
  })
})

const attributeSchema = z.object({
  type: z.string(),
  array: z.boolean().default(false),
  required: z.boolean().default(false),
  enum: z.record(z.string(), z.string()).optional(),
})
const objectSchema = z.object({ at_least_one: z.array(z.string()), attributes: z.record(z.string(), attributeSchema) })
const schema = z
  .object({ version: z.string(), class: objectSchema, objects: z.record(z.string(), objectSchema) })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/ocsf-1.8.0.json', import.meta.url), 'utf8')))

/** What is wrong with an object, by the published schema: member by member. */
function misfits(value: Record<string, unknown>, { attributes, at_least_one }: z.infer<typeof objectSchema>): string[] {
  const found = Object.entries(value).flatMap(([name, member]) => {
    const attribute = attributes[name]
    if (!attribute) return [`${name} is not known`]
    const members = attribute.array ? (member as unknown[]) : [member]
    return members.flatMap((one) => memberMisfits(name, one, attribute))
  })
  const missing = Object.entries(attributes).flatMap(([name, { required }]) =>
    required && value[name] === undefined ? [`${name} is missing`] : [],
  )
  const lone = at_least_one.length > 0 && !at_least_one.some((name) => value[name] !== undefined)
  return [...found, ...missing, ...(lone ? [`none of ${at_least_one}`] : [])]
}

function memberMisfits(
  name: string,
  value: unknown,
  { type, enum: values }: z.infer<typeof attributeSchema>,
): string[] {
  if (type === 'any') return []
  const object = schema.objects[type]
  if (object) return misfits(value as Record<string, unknown>, object).map((misfit) => `${name}.${misfit}`)
  const fits = type === 'integer' ? Number.isInteger(value) : typeof value === type
  if (!fits) return [`${name} is no ${type}`]
  return values && !values[String(value)] ? [`${name} cannot be ${value}`] : []
}

describe('OCSF', () => {
  const read = (entry: LoggedEntry): Record<string, unknown> => JSON.parse(EXPORT_FORMATS.ocsf.line(entry))

  test('is of the version that the vendored list is of', () => {
    expect(schema.version).toBe(OCSF_VERSION)
  })

  test.for(ENTRY_KINDS)('every %s fits the published schema', (kind) => {
    expect(misfits(read({ ...full, kind }), schema.class)).toEqual([])
    expect(misfits(read({ ...minimal(kind), code: 'internal', status: 500 }), schema.class)).toEqual([])
  })

  test('the check finds what does not fit', () => {
    const event = { ...ocsfEvent(full), severity_id: 8, surprise: 1, api: { service: {} } }
    expect(misfits(JSON.parse(JSON.stringify(event)), schema.class)).toEqual([
      'severity_id cannot be 8',
      'api.service.none of name,uid',
      'api.operation is missing',
      'surprise is not known',
    ])
  })

  test('a denial for an agent says whose authority, who acted, under which policy, and why', () => {
    expect(read(full)).toMatchObject({
      class_uid: 6003,
      type_uid: 600_399,
      status_id: 2,
      status_code: gateCodeSchema.parse('price_above_limit'),
      actor: {
        user: { uid: 'user:p_1', type_id: 1 },
        app_uid: 'agent:booking-agent',
        authorizations: [{ decision: 'Denied', policy: { name: 'travel', version: '3f2a' } }],
      },
      metadata: { uid: full.id, sequence: 7, log_name: 'pdp.example/log' },
      resources: [{ uid: 'workflow_item:w1-1', type: 'workflow_item', owner: { uid: 'user:p_2' } }],
      unmapped: { chain: [link], reasons: [{ code: gateCodeSchema.parse('price_above_limit') }] },
    })
    expect(read(minimal('grant_revoked'))).toMatchObject({ activity_id: 4, type_uid: 600_304, status_id: 1 })
  })
})
