import { DIFFERENCES } from '@mandate/issuer'
import { expect, test } from 'vitest'
import { chooseParts, describeParts, partsTable, refusal, stateDirOf } from './parts.ts'

const EMBEDDED = { store: 'embedded', issuer: 'embedded' } as const
const REAL = { store: 'real', issuer: 'real' } as const
const NONE = { servers: false, pdps: 1 }

test.for([
  [NONE, {}, EMBEDDED],
  [{ ...NONE, servers: true }, {}, REAL],
  [{ ...NONE, pdps: 2 }, {}, REAL],
  [NONE, { OPENFGA_URL: 'http://127.0.0.1:1' }, { store: 'real', issuer: 'embedded' }],
  [NONE, { KEYCLOAK_URL: 'http://127.0.0.1:1' }, { store: 'embedded', issuer: 'real' }],
  [NONE, { OPENFGA_URL: '', KEYCLOAK_URL: '' }, EMBEDDED],
] as const)('%j with %j: %j', ([asked, env, parts]) => {
  expect(chooseParts(asked, env)).toEqual(parts)
})

test('each combination has a state folder of its own', () => {
  const kinds = ['embedded', 'real'] as const
  const all = kinds.flatMap((store) => kinds.map((issuer) => stateDirOf('/state', { store, issuer })))
  expect(new Set(all).size).toBe(4)
  expect(stateDirOf('/state', REAL)).toBe('/state')
})

test('says what is embedded, every difference, and how to get the real servers', () => {
  const said = describeParts(EMBEDDED).join('\n')
  for (const difference of Object.values(DIFFERENCES)) expect(said).toContain(difference)
  for (const words of ['OpenFGA', 'Keycloak', 'npm start -- --servers']) expect(said).toContain(words)
  expect(describeParts({ store: 'real', issuer: 'embedded' }).join('\n')).not.toContain('in place of OpenFGA')
  expect(describeParts(REAL)).toEqual([])
})

test('the table names what runs here, and what runs in production', () => {
  const issuer = 'http://127.0.0.1:1/realms/mandate'
  expect(partsTable(EMBEDDED, { openFga: undefined, issuer }).slice(2)).toEqual([
    expect.stringMatching(/^ {2}relationships +embedded in the PDP +OpenFGA$/u),
    expect.stringMatching(/^ {2}sign-in +embedded issuer, http:.* +Keycloak$/u),
  ])
  expect(partsTable(REAL, { openFga: { url: 'http://127.0.0.1:2' }, issuer }).join('\n')).not.toContain('embedded')
})

test('production refuses every embedded part, and says what to do', () => {
  const env = { NODE_ENV: 'production' }
  expect(refusal(EMBEDDED, env)).toMatch(/relationship store.* and .*issuer.*\n.*npm start -- --servers/u)
  expect(refusal({ store: 'real', issuer: 'embedded' }, env)).toContain('Keycloak')
  expect([refusal(REAL, env), refusal(EMBEDDED, {}), refusal(EMBEDDED, { NODE_ENV: 'development' })]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test.for(['Production', 'PRODUCTION', 'prod', 'production ', 'live'])(
  'NODE_ENV=%s does not count as development',
  (NODE_ENV) => {
    expect(() => refusal(EMBEDDED, { NODE_ENV })).toThrow(/NODE_ENV: .*"production"/u)
    expect(refusal(REAL, { NODE_ENV })).toBeUndefined()
  },
)
