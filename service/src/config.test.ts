import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  ConfigError,
  configErrorText,
  type Environment,
  printableEnvironment,
  readEnvironment,
  redactSettings,
  secret,
} from './config.ts'
import { setting } from './settings.ts'

const schema = z.strictObject({
  NOTES_HOST: setting.host,
  NOTES_PORT: setting.port(4_000),
  NOTES_ISSUER: setting.identifier.optional(),
  NOTES_PEER_URL: setting.url.optional(),
  NOTES_CLIENT_SECRET: setting.secret.optional(),
  NOTES_TLS_KEY: setting.pem,
  NOTES_HOSTS: setting.list(['a']),
  NOTES_OLD_SALTS: secret(setting.list([])),
  NOTES_DATABASE_URL: setting.postgresUrl.optional(),
  NOTES_ANCHOR_FILE: z.string().min(1).optional(),
  NOTES_CONCURRENT: setting.limit(10),
  NOTES_MODES: setting.list([]).pipe(z.array(z.enum(['fast', 'safe']))),
  LOG_LEVEL: setting.logLevel,
  NODE_ENV: setting.nodeEnv,
})
const rules = { prefix: ['NOTES_', 'LOG_'], schema } as const

const read = (env: Environment, more: object = {}) => readEnvironment(env, { ...rules, ...more })

function problemsOf(env: Environment, more: object = {}): readonly string[] {
  try {
    read(env, more)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
function aFile(text: string): string {
  const path = join(folder, 'value')
  writeFileSync(path, text)
  return path
}

test('an empty environment gives the defaults; an empty variable is one that is not set', () => {
  const defaults = { NOTES_HOST: '127.0.0.1', NOTES_PORT: 4_000, NOTES_HOSTS: ['a'], LOG_LEVEL: 'info' }
  expect(read({ PATH: '/bin', OTHER_PORT: 'x' })).toMatchObject(defaults)
  expect(read({ NOTES_PORT: '', NOTES_HOSTS: '', NOTES_TYPO: '' })).toMatchObject(defaults)
})

test('every problem is reported at once, each by the name of its variable', () => {
  const found = problemsOf({
    NOTES_PORT: '70000',
    NOTES_ISSUER: 'https://id.example/?tenant=1',
    NOTES_PEER_URL: 'ftp://x',
    NOTES_CLIENT_SECRET_FILE: '/nonexistent',
    NOTES_MODES: 'fast, slow',
    NOTES_TYPO: '1',
    LOG_LEVEL: 'loud',
    NODE_ENV: 'prod',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  })
  expect(found.map((problem) => problem.split(':')[0]).sort()).toEqual([
    'LOG_LEVEL',
    'NODE_ENV',
    'NODE_TLS_REJECT_UNAUTHORIZED',
    'NOTES_CLIENT_SECRET_FILE',
    'NOTES_ISSUER',
    'NOTES_MODES',
    'NOTES_PEER_URL',
    'NOTES_PORT',
    'NOTES_TYPO',
  ])
  expect(found).toContain('NOTES_PORT: must be a whole number from 0 to 65535')
  expect(found).toContain('NOTES_CLIENT_SECRET_FILE: the file cannot be read (ENOENT)')
  expect(found).toContainEqual(expect.stringMatching(/^NOTES_MODES: item 2: /u))
})

test('a setting without a default is asked for', () => {
  const required = z.strictObject({ NOTES_DIR: z.string().min(1) })
  expect(problemsOf({}, { schema: required })).toEqual(['NOTES_DIR: must be set'])
})

test.for([
  ['NOTES_PROT', 'NOTES_PORT'],
  ['NOTES_CLIENT_SECERT', 'NOTES_CLIENT_SECRET'],
  ['NOTES_CLIENTSECRET_FILE', 'NOTES_CLIENT_SECRET_FILE'],
  ['LOG_LEVLE', 'LOG_LEVEL'],
] as const)('%s is unknown, and %s suggested', ([name, meant]) => {
  expect(problemsOf({ [name]: 'x' })).toEqual([`${name}: there is no such setting; did you mean ${meant}?`])
})

test('for a name that is near to none, none is suggested; without the prefix it is none of ours', () => {
  expect(problemsOf({ NOTES_COLOUR_OF_THE_DOOR: 'x' })).toEqual(['NOTES_COLOUR_OF_THE_DOOR: there is no such setting'])
  expect(problemsOf({ NOTE_PORT: 'x', LANG: 'C' })).toEqual([])
})

describe('NAME_FILE', () => {
  test('gives any setting from a file, trimmed', () => {
    expect(read({ NOTES_CLIENT_SECRET_FILE: aFile('of eight or more\n') })).toMatchObject({
      NOTES_CLIENT_SECRET: 'of eight or more',
    })
    expect(read({ NOTES_PORT_FILE: aFile('17\n') })).toMatchObject({ NOTES_PORT: 17 })
    expect(read({ NOTES_PORT_FILE: aFile('\n') })).toMatchObject({ NOTES_PORT: 4_000 })
  })

  test('is a mistake beside NAME', () => {
    const env = { NOTES_CLIENT_SECRET: 'of eight or more', NOTES_CLIENT_SECRET_FILE: aFile('another one') }
    expect(problemsOf(env)).toEqual(['NOTES_CLIENT_SECRET: give it or NOTES_CLIENT_SECRET_FILE, not both'])
  })

  test('is read as it is where the setting itself is so named', () => {
    expect(read({ NOTES_ANCHOR_FILE: '/not/there/yet' })).toMatchObject({ NOTES_ANCHOR_FILE: '/not/there/yet' })
  })

  test('that cannot be read is one problem: neither a missing value nor a rule between settings is another', () => {
    const strict = z
      .strictObject({ NOTES_DIR: z.string(), NOTES_KEY: z.string().optional() })
      .superRefine(({ NOTES_KEY }, context) => {
        if (NOTES_KEY === undefined) context.addIssue({ code: 'custom', message: 'NOTES_KEY: it is needed' })
      })
    expect(problemsOf({ NOTES_DIR_FILE: '/nonexistent', NOTES_KEY: 'x' }, { schema: strict })).toHaveLength(1)
    expect(problemsOf({ NOTES_DIR: 'x', NOTES_KEY_FILE: '/nonexistent' }, { schema: strict })).toHaveLength(1)
    expect(problemsOf({ NOTES_DIR: 'x' }, { schema: strict })).toEqual(['NOTES_KEY: it is needed'])
  })
})

describe('numbers', () => {
  test.for(['-1', '1.5', '1e3', '0x10', ' ', 'x', '65536', '999999999999999'])('"%s" is no port', (text) => {
    expect(problemsOf({ NOTES_PORT: text })).toHaveLength(1)
  })
  test.for(['0', '65535', '0080'])('"%s" is one', (text) => {
    expect(read({ NOTES_PORT: text })).toMatchObject({ NOTES_PORT: Number(text) })
  })
  test('a limit is at least 1', () => {
    expect(problemsOf({ NOTES_CONCURRENT: '0' })).toHaveLength(1)
  })
})

test('an identifier stays as it is written, a base URL loses the slash at its end, a list its blanks', () => {
  const env = {
    NOTES_ISSUER: 'https://id.example/a/',
    NOTES_PEER_URL: 'https://peer.example/a//',
    NOTES_HOSTS: ' a, b,',
  }
  expect(read(env)).toMatchObject({
    NOTES_ISSUER: 'https://id.example/a/',
    NOTES_PEER_URL: 'https://peer.example/a',
    NOTES_HOSTS: ['a', 'b'],
  })
})

test('no message holds a value', () => {
  const value = 'hunter2 is not: a good=value'
  for (const name of Object.keys(schema.shape)) {
    expect([name, problemsOf({ [name]: value }).join('\n')]).not.toEqual([name, expect.stringContaining('hunter2')])
    expect([name, problemsOf({ [`${name}_FILE`]: value }).join('\n')]).not.toEqual([
      name,
      expect.stringContaining('hunter2'),
    ])
  }
})

describe('as it may be printed', () => {
  const SECRETS = {
    NOTES_CLIENT_SECRET: 'of eight or more',
    NOTES_TLS_KEY: '-----BEGIN PRIVATE KEY-----',
    NOTES_OLD_SALTS: 'salt-one, salt-two',
    NOTES_DATABASE_URL: 'postgres://notes:hidden@db.example/notes',
    NOTES_PEER_URL: 'https://user:hidden@peer.example',
  }

  test('secrets are not in it, defaults are', () => {
    const shown = printableEnvironment({ ...SECRETS, NOTES_PORT: '17' }, rules)
    for (const name of Object.keys(SECRETS)) expect([name, shown[name]]).toEqual([name, '[redacted]'])
    expect(shown).toMatchObject({ NOTES_PORT: 17, NOTES_HOST: '127.0.0.1', LOG_LEVEL: 'info' })
    expect(shown).not.toHaveProperty('NOTES_ISSUER')
  })

  test('it is what the variables say, not what a transform makes of them, and checked', () => {
    const transformed = schema
      .superRefine(({ NOTES_PORT }, context) => {
        if (NOTES_PORT === 13) context.addIssue({ code: 'custom', path: ['NOTES_PORT'], message: 'must not be 13' })
      })
      .transform(({ NOTES_PORT }) => ({ port: NOTES_PORT }))
    expect(readEnvironment({ NOTES_PORT: '17' }, { ...rules, schema: transformed })).toEqual({ port: 17 })
    expect(printableEnvironment({ NOTES_PORT: '17' }, { ...rules, schema: transformed })).toMatchObject({
      NOTES_PORT: 17,
    })
    expect(() => printableEnvironment({ NOTES_PORT: '13' }, { ...rules, schema: transformed })).toThrow('not be 13')
  })

  test('what is named like a secret is one, though nobody marked it; a map is printed as an object', () => {
    const careless = z.strictObject({
      API_TOKEN: z.string(),
      SALT_KEYS: z.string(),
      KEYBOARD: z.string(),
      TYPES: z.any(),
    })
    const values = { API_TOKEN: 'x', SALT_KEYS: 'x', KEYBOARD: 'qwerty', TYPES: new Map([['a', ['b']]]) }
    const redacted = { API_TOKEN: '[redacted]', SALT_KEYS: '[redacted]', KEYBOARD: 'qwerty', TYPES: { a: ['b'] } }
    expect(redactSettings(careless, values)).toEqual(redacted)
  })

  test.for([
    ['optional', secret(z.string()).optional()],
    ['default', secret(z.string()).default('x')],
    ['checked further', secret(z.string()).min(1)],
    ['transformed', secret(z.string()).transform((text) => text)],
    ['piped into', z.string().pipe(secret(z.string()))],
  ] as const)('a secret stays one when it is %s', ([, marked]) => {
    expect(redactSettings(z.strictObject({ SALT: marked }), { SALT: 'x' })).toEqual({ SALT: '[redacted]' })
  })
})

test('on standard error each problem has a line', () => {
  const text = configErrorText('notes', new ConfigError(['NOTES_A: must be set', 'NOTES_B: must be set']))
  expect(text).toBe('notes: the configuration cannot be used:\n  NOTES_A: must be set\n  NOTES_B: must be set\n')
  expect(new ConfigError('a\nb').problems).toEqual(['a', 'b'])
})

test('a schema that is no object is a mistake of the program', () => {
  expect(() => readEnvironment({}, { prefix: 'X_', schema: z.string() })).toThrow(TypeError)
})
