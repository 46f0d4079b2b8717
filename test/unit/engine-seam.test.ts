/**
 * The rooms of the core name nothing of one engine: no word of OpenFGA's API, and no spelling of its objects (ADR 0095).
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

const ROOMS = ['decide', 'policy', 'pap', 'http'] as const

const WORDS = [
  /openfga/iu,
  /type_definitions|directly_related_user_types|TYPE_NAME_/u,
  /user_?sets?\b|tuple_?set/iu,
  /(?<!\bz\.|\bfc\.)\btuples?\b/iu,
  /batch-?check|\bListObjects\b|contextual_/iu,
  /correlation_id|continuation_token|authorization_model_id/u,
  // Objects as an engine spells them: `seat:deed~1|user~x`, `attributes:travel|…`, `deed~1`, `all~travel`.
  /[`'](?:(?:seat|attributes|change):|(?:deed|all)~)/u,
  /stored-names/u,
]

/** Parts of readiness on the wire (`GET /readyz`), named after what an operator has to mend. */
const WIRE_NAMES = ["'openfga'", "'openfga_limits'"]

/** The lines of code, comments aside, that name something of an engine. */
function leaksIn(text: string): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//gu, '').replace(/(?<=^|\s)\/\/.*$/gmu, '')
  return code.split('\n').filter((line) => {
    const rest = WIRE_NAMES.reduce((left, name) => left.replaceAll(name, ''), line)
    return WORDS.some((word) => word.test(rest))
  })
}

describe.for(ROOMS)('pdp/src/%s', (room) => {
  const files = globSync(`pdp/src/${room}/**/*.ts`, { cwd: ROOT }).filter((path) => !path.endsWith('.test.ts'))

  test('there are files to look at', () => {
    expect(files.length).toBeGreaterThan(3)
  })

  test.for(files)('%s', (path) => {
    expect(leaksIn(readFileSync(join(ROOT, path), 'utf8'))).toEqual([])
  })
})

test.for([
  "import { OpenFgaClient } from '../openfga/client.ts'",
  'const { type_definitions: types } = model',
  "string: ['TYPE_NAME_STRING'],",
  'tupleToUserset: { tupleset }',
  'const [tuple] = await read(key)',
  'await client.batchCheck(questions)',
  'const scope = `deed~1`',
  'read(`seat:1`)',
  "import { objectName } from '../ports/stored-names.ts'",
  "throw new Error('OPENFGA_URL: is missing')",
])('is found: %s', (line) => {
  expect(leaksIn(`const before = 1\n${line}\nconst after = 2`)).toEqual([line])
})

test.for([
  "const PARTS = ['log', 'openfga', 'openfga_limits'] as const",
  'z.tuple([z.string()])',
  'const deed = scope.deed',
])('is let through: %s', (line) => {
  expect(leaksIn(line)).toEqual([])
})
