import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ConfigError } from '@mandate/service'
import { describe, expect, test } from 'vitest'
import { parseConfig, redactedConfig } from './config.ts'

const KEY = 'k'.repeat(43)
const GOOD = {
  PDP_ISSUER: 'http://127.0.0.1:8080/realms/mandate',
  PDP_DATA_DIR: 'data',
  PDP_LOG_ORIGIN: 'pdp.example.com/log',
  OPENFGA_URL: 'http://127.0.0.1:8080',
  OPENFGA_API_TOKEN: KEY,
  PDP_VAULT_KEY: 'ab'.repeat(32),
} as const

type Environment = Readonly<Record<string, string | undefined>>
const noFile = (): string => {
  throw new Error('ENOENT')
}
const parse = (environment: Environment, readFile = noFile) => parseConfig({ ...GOOD, ...environment }, readFile)

function problems(environment: Environment, readFile = noFile): readonly string[] {
  try {
    parse(environment, readFile)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('a minimal environment is enough, and safe', () => {
  const { config, warnings } = parse({ UNRELATED: 'x', PATH: '/bin' })
  expect(config).toMatchObject({ PDP_HOST: '127.0.0.1', PDP_PORT: 8181, PDP_AUDIENCE: 'pdp', LOG_ON_FAILURE: 'deny' })
  expect(warnings).toEqual([])
})

test('more than one worker requires the databases that workers share, and ports for all', () => {
  const shared = { PDP_STORE_URL: 'postgres://localhost/pdp', PDP_INDEX_URL: 'postgres://localhost/index' }
  expect(problems({ PDP_WORKERS: '2' })).toEqual([
    'PDP_WORKERS: more than one worker requires PDP_STORE_URL: one process opens a SQLite database',
    'PDP_WORKERS: more than one worker requires PDP_INDEX_URL: each must find the entries of all',
  ])
  expect(problems({ PDP_WORKERS: '2', ...shared })).toEqual([])
  expect(problems({ PDP_WORKERS: '1' })).toEqual([])
  expect(problems({ PDP_WORKERS: '3', ...shared, PDP_WORKER_PORT: '65534' })).toEqual([
    'PDP_WORKER_PORT: no ports for all workers',
  ])
  expect(problems({ PDP_PORT: '8192', PDP_WORKERS: '3', ...shared, PDP_WORKER_PORT: '8190' })).toEqual([
    "PDP_WORKER_PORT: the workers' ports, 8190 and the next, include PDP_PORT",
  ])
})

test.for(['ab', 'x'.repeat(65), 'store:1', 'größe'])(
  'the store name %j, which OpenFGA refuses, is refused first',
  (name) => {
    expect(problems({ OPENFGA_STORE: name })).toEqual([
      'OPENFGA_STORE: OpenFGA takes names of 3 to 64 letters, digits, spaces and any of . - _ / ^ & @ only',
    ])
    expect(problems({ OPENFGA_STORE: 'a/b c' })).toEqual([])
  },
)

test('less memory than one model and one decision need is refused, where decisions are made from memory', () => {
  const tooSmall = ['PDP_ENGINE_MEMORY_MB: less than what one model and one decision need, 16']
  expect(problems({ PDP_ENGINE_MEMORY_MB: '15' })).toEqual(tooSmall)
  expect(problems({ PDP_ENGINE_MEMORY_MB: '16' })).toEqual([])
  expect(problems({ PDP_ENGINE_MEMORY_MB: '1', ENGINE: 'openfga' })).toEqual([])
})

test('OpenFGA is required, unless the relationship store is embedded: for one PDP with SQLite', () => {
  const none = { OPENFGA_URL: undefined, OPENFGA_API_TOKEN: undefined }
  expect(problems(none)).toEqual(['OPENFGA_URL: is required; without OpenFGA, for development: ENGINE=embedded'])
  expect(problems({ ...none, ENGINE: 'openfga' })).toHaveLength(1)
  expect(problems({ ...none, ENGINE: 'embedded' })).toEqual([])
  expect(problems({ ENGINE: 'embedded', PDP_STORE_URL: 'postgres://localhost/pdp' })).toEqual([
    'ENGINE: embedded is for one PDP with SQLite; with PDP_STORE_URL the relationship tuples are in OpenFGA',
  ])
  expect(problems({ ...none, ENGINE: 'embedded', PDP_SHADOW_EVERY: '10' })).toEqual([
    'PDP_SHADOW_EVERY: decisions are compared with those of OpenFGA, which ENGINE=embedded does not have',
  ])
  expect(problems({ ...none, ENGINE: 'embedded', NODE_ENV: 'production' })).toEqual([
    'ENGINE: embedded is for development; run OpenFGA, move the relationship tuples there (npm run store -- to-openfga URL DIR), then set ENGINE=memory and OPENFGA_URL',
  ])
})

test('settings of tracing are checked, and what would change traces and is not known is refused', () => {
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com:4318' }
  expect(problems({ ...on, OTEL_METRICS_EXPORTER: 'prometheus', OTEL_TRACES_SAMPLER_ARG: '0.5' })).toEqual([])
  expect(problems({ ...on, OTEL_TRACES_SAMPLER: 'jaeger_remote' })).toHaveLength(1)
  expect(problems({ ...on, OTEL_TRACES_SAMPLER_ARG: '1.5' })).toEqual(['OTEL_TRACES_SAMPLER_ARG: must be from 0 to 1'])
  expect(problems({ ...on, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1' })).toHaveLength(1)
  expect(problems({ ...on, OTEL_RESOURCE_ATTRIBUTES: 'no value' })).toHaveLength(1)
})

test('production sends traces over plain HTTP to loopback and to hosts that are listed', () => {
  const production = { NODE_ENV: 'production', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
  expect(problems(production)).toEqual([expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT: /u)])
  expect(problems({ ...production, PDP_PLAIN_HTTP_HOSTS: 'collector' })).toEqual([])
  expect(problems({ ...production, OTEL_SDK_DISABLED: 'true' })).toEqual([])
})

test('every problem is reported together', () => {
  const found = problems({
    PDP_ISSUER: undefined,
    PDP_PORT: '65536',
    PDP_LOG_ORIGIN: 'https://x',
    PDP_SERVICES: 'trips',
    OPENFGA_DEADLINE_MS: 'soon',
    PDP_COLOUR: 'red',
    OPENFGA_API_TOKEN_FILE: 'gone',
  })
  expect(found.map((problem) => problem.split(':')[0]).sort()).toEqual([
    'OPENFGA_API_TOKEN',
    'OPENFGA_API_TOKEN_FILE',
    'OPENFGA_DEADLINE_MS',
    'PDP_COLOUR',
    'PDP_ISSUER',
    'PDP_LOG_ORIGIN',
    'PDP_PORT',
    'PDP_SERVICES',
  ])
})

test('certificates that go unverified are reported with the rest', () => {
  const found = problems({ NODE_TLS_REJECT_UNAUTHORIZED: '0', PDP_COLOUR: 'red' })
  expect(found.map((problem) => problem.split(':')[0]).sort()).toEqual(['NODE_TLS_REJECT_UNAUTHORIZED', 'PDP_COLOUR'])
  expect(problems({ NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toEqual([])
})

test('an insecure setting is reported with the rest', () => {
  const found = problems({ NODE_ENV: 'production', PDP_COLOUR: 'red', OPENFGA_API_TOKEN: undefined })
  expect(found.map((problem) => problem.split(':')[0])).toEqual(['PDP_COLOUR', 'OPENFGA_API_TOKEN'])
})

test.for<readonly [string, string]>([
  ['PDP_PORT', '-1'],
  ['PDP_PORT', '1.5'],
  ['PDP_PORT', 'http'],
  ['PDP_ISSUER', 'ftp://x'],
  ['PDP_ISSUER', 'x'],
  ['PDP_PUBLIC_URL', 'javascript:1'],
  ['PDP_PUBLIC_URL', 'https://pdp.example/?tenant=1'],
  ['PDP_ISSUER', 'https://id.example/#x'],
  ['PDP_MAX_CHAIN_DEPTH', '11'],
  ['PDP_MAX_CHAIN_DEPTH', '0'],
  ['PDP_CONCURRENT', '0'],
  ['OPENFGA_DEADLINE_MS', '9'],
  ['LOG_LEVEL', 'loud'],
  ['LOG_ON_FAILURE', 'permit'],
  ['TRUST_PROXY', 'true'],
  ['NODE_ENV', 'prod'],
  ['PDP_SERVICES', 'trips=Work Flow'],
  ['PDP_SERVICES', '=workflow'],
  ['PDP_SERVICES', 'trips=workflow,trips=care_plan'],
])('%s=%s is refused by name', ([name, value]) => {
  const found = problems({ [name]: value })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(new RegExp(`^${name}: `))
})

test('an empty setting is one that is not given', () => {
  expect(parse({ PDP_PORT: '' }).config.PDP_PORT).toBe(8181)
  expect(problems({ PDP_ISSUER: '' })).toHaveLength(1)
})

test('identifiers stay as they are given, addresses that paths are added to lose a slash', () => {
  const given = {
    PDP_ISSUER: 'https://id.example/app/',
    PDP_JWKS_URL: 'https://id.example/app/jwks/',
    PDP_PUBLIC_URL: 'https://pdp.example/t1/',
    PDP_ANCHOR_URL: 'https://anchor.example/in/',
  }
  expect(parse(given).config).toMatchObject(given)
  expect(parse({ OPENFGA_URL: 'http://127.0.0.1:8080/' }).config.OPENFGA_URL).toBe('http://127.0.0.1:8080')
})

test('services and lists are read as written', () => {
  const { config } = parse({
    PDP_SERVICES: ' trips = workflow + workflow_item , wards=care_plan,',
    PDP_INTERACTIVE_CLIENTS: ' a, b,',
  })
  expect([...config.PDP_SERVICES]).toEqual([
    ['trips', ['workflow', 'workflow_item']],
    ['wards', ['care_plan']],
  ])
  expect(config.PDP_INTERACTIVE_CLIENTS).toEqual(['a', 'b'])
})

describe('transmitters of security events', () => {
  const transmitter = {
    issuer: 'https://idp.example',
    jwks_url: 'https://idp.example/jwks',
    audience: 'https://pdp.example/v1/signals',
    bearer: 'b'.repeat(32),
  }
  const signals = (...given: readonly object[]): Environment => ({ PDP_SIGNALS: JSON.stringify(given) })

  test('are none, or have defaults; their bearers are never shown', () => {
    expect(parse({}).config.PDP_SIGNALS).toEqual([])
    const { config } = parse(signals(transmitter))
    expect(config.PDP_SIGNALS).toEqual([
      {
        ...transmitter,
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        credential_change: ['revoke', 'update', 'delete'],
      },
    ])
    expect(JSON.stringify(redactedConfig(config))).not.toContain(transmitter.bearer)
  })

  test.for<readonly [string, Environment]>([
    ['no JSON', { PDP_SIGNALS: 'x' }],
    ['an object', { PDP_SIGNALS: JSON.stringify(transmitter) }],
    ['a short bearer', signals({ ...transmitter, bearer: 'short' })],
    ['neither a bearer nor certificates', signals({ ...transmitter, bearer: undefined })],
    ['an issuer twice', signals(transmitter, transmitter)],
    ['a symmetric algorithm', signals({ ...transmitter, algorithms: ['HS256'] })],
    ['an unknown member', signals({ ...transmitter, more: 1 })],
  ])('%s is refused, without its values', ([, given]) => {
    const found = problems(given)
    expect(found).toEqual([expect.stringMatching(/^PDP_SIGNALS: /)])
    expect(found.join('')).not.toContain(transmitter.bearer)
  })

  test('may have two bearers while one is replaced, neither is shown', () => {
    const bearer = [transmitter.bearer, 'c'.repeat(32)]
    const { config } = parse(signals({ ...transmitter, bearer }))
    expect(config.PDP_SIGNALS).toMatchObject([{ bearer }])
    expect(JSON.stringify(redactedConfig(config))).not.toMatch(/b{32}|c{32}/u)
    for (const wrong of [[], [...bearer, 'd'.repeat(32)], [bearer[0], 'short']])
      expect(problems(signals({ ...transmitter, bearer: wrong }))).toHaveLength(1)
  })

  test('need https for their keys in production', () => {
    expect(
      problems({ NODE_ENV: 'production', ...signals({ ...transmitter, jwks_url: 'http://idp.example/jwks' }) }),
    ).toContainEqual(expect.stringMatching(/^PDP_SIGNALS: .*PDP_PLAIN_HTTP_HOSTS/))
  })
})

describe('secrets', () => {
  test('may stand in a file, trimmed', () => {
    const { config } = parse({ OPENFGA_API_TOKEN: undefined, OPENFGA_API_TOKEN_FILE: 'f' }, () => `${KEY}\n`)
    expect(config.OPENFGA_API_TOKEN).toBe(KEY)
  })

  test('stand in one place, and their file is there', () => {
    expect(problems({ OPENFGA_API_TOKEN_FILE: 'f' }, () => KEY)).toEqual([
      'OPENFGA_API_TOKEN: give it or OPENFGA_API_TOKEN_FILE, not both',
    ])
    expect(problems({ OPENFGA_API_TOKEN: undefined, OPENFGA_API_TOKEN_FILE: 'f' })).toEqual([
      'OPENFGA_API_TOKEN_FILE: the file cannot be read',
    ])
  })

  test('are never shown', () => {
    const shown = JSON.stringify(redactedConfig(parse({ PDP_SERVICES: 'trips=workflow' }).config))
    expect(shown).not.toContain(KEY)
    expect(shown).toContain('[redacted]')
    expect(shown).toContain('"trips":["workflow"]')
  })
})

describe('what is insecure is a warning, and in production an error', () => {
  test.for<readonly [string, Environment]>([
    ['PDP_HOST', { PDP_HOST: '0.0.0.0' }],
    ['PDP_HOST', { PDP_HOST: '::' }],
    ['PDP_ISSUER', { PDP_ISSUER: 'http://id.example.com/realms/x' }],
    ['PDP_JWKS_URL', { PDP_JWKS_URL: 'http://keycloak:8080/certs' }],
    ['OPENFGA_URL', { OPENFGA_URL: 'http://openfga:8080', PDP_PLAIN_HTTP_HOSTS: 'keycloak' }],
    ['PDP_VAULT_KEY', { PDP_VAULT_KEY: undefined }],
    ['PDP_TEST_READ_BARRIER', { PDP_TEST_READ_BARRIER: 'off' }],
    ['ENGINE', { ENGINE: 'embedded', OPENFGA_URL: undefined, OPENFGA_API_TOKEN: undefined }],
    ['OPENFGA_API_TOKEN', { OPENFGA_API_TOKEN: undefined }],
    ['OPENFGA_API_TOKEN', { OPENFGA_API_TOKEN: 'k'.repeat(23) }],
    ['OPENFGA_API_TOKEN', { OPENFGA_API_TOKEN: `demo-${KEY}` }],
    ['OPENFGA_API_TOKEN', { OPENFGA_API_TOKEN: `change-me-${KEY}` }],
  ])('%s: %o', async ([name, environment]) => {
    const { warnings } = parse(environment)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(new RegExp(`^${name}: `))
    expect(problems({ ...environment, NODE_ENV: 'production' })).toEqual(warnings)
  })

  test.for<Environment>([
    {},
    { PDP_HOST: 'localhost' },
    { PDP_HOST: '::1' },
    { PDP_HOST: '127.0.0.9' },
    { PDP_HOST: '0.0.0.0', TRUST_PROXY: '1' },
    { PDP_HOST: '0.0.0.0', PDP_TLS_CERT_FILE: 'c', PDP_TLS_KEY_FILE: 'k' },
    { PDP_ISSUER: 'https://id.example.com/realms/x' },
    { PDP_ISSUER: 'http://[::1]:8080/realms/x' },
    { OPENFGA_URL: 'http://openfga:8080', PDP_PLAIN_HTTP_HOSTS: 'keycloak, openfga' },
    { OPENFGA_API_TOKEN: 'k'.repeat(24) },
    { PDP_VAULT_KEY: undefined, PDP_VAULT_KEY_COMMAND: 'kms decrypt vault' },
  ])('%o is neither', (environment) => {
    expect(problems({ ...environment, NODE_ENV: 'production' }, () => 'PEM')).toEqual([])
  })

  test('a certificate without its key is an error everywhere', () => {
    for (const one of ['PDP_TLS_CERT_FILE', 'PDP_TLS_KEY_FILE'])
      expect(problems({ [one]: 'x' }, () => 'PEM')).toEqual(['PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE go together'])
    expect(problems({ PDP_TLS_CLIENT_CA_FILE: 'x' }, () => 'PEM')).toEqual([
      'PDP_TLS_CLIENT_CA_FILE: requires PDP_TLS_CERT_FILE and PDP_TLS_KEY_FILE',
    ])
  })
})

test.for(['PDP_TLS_CERT_FILE', 'PDP_TLS_KEY_FILE', 'PDP_TLS_CLIENT_CA_FILE', 'PDP_TLS_CA_FILE'])(
  '%s that cannot be read is found at start',
  (name) => {
    expect(problems({ [name]: '/run/gone.pem' })).toContain(`${name}: the file cannot be read`)
  },
)

describe('the key that signs metadata', () => {
  const PDP_METADATA_KEY_FILE = '/run/secrets/metadata.key'
  const pem = (pair: { readonly privateKey: KeyObject }): string =>
    String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const told = (text: string): readonly string[] => problems({ PDP_METADATA_KEY_FILE }, () => text)

  test('is EC on P-256, or Ed25519', () => {
    expect(told(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' })))).toEqual([])
    expect(told(pem(generateKeyPairSync('ed25519')))).toEqual([])
  })

  test('may be followed by others while it is replaced, three at most', () => {
    const keys = Array.from({ length: 5 }, () => pem(generateKeyPairSync('ed25519')))
    expect(told(keys.slice(0, 4).join(''))).toEqual([])
    expect(told(keys.join(''))).toEqual(['PDP_METADATA_KEY_FILE: must have at most 4 keys'])
    // A file that is being written.
    expect(told(`${keys[0]}${keys[1]?.slice(0, 60)}`)).toHaveLength(1)
  })

  test.for([
    ['another curve', (): string => pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }))],
    ['RSA', (): string => pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['for agreeing on keys', (): string => pem(generateKeyPairSync('x25519'))],
    [
      'in another envelope',
      (): string =>
        String(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' })),
    ],
    ['public', () => String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }))],
    ['no key at all', (): string => 'a secret that is no key'],
  ] as const)('a key that is %s is refused, and not repeated', ([, text]) => {
    expect(told(text())).toEqual([
      'PDP_METADATA_KEY_FILE: must be a PKCS#8 PEM of an EC key on P-256 or an Ed25519 key',
    ])
  })

  test('is reported with the rest when it cannot be read', () => {
    expect(problems({ PDP_METADATA_KEY_FILE, PDP_COLOUR: 'red' }).map((problem) => problem.split(':')[0])).toEqual([
      'PDP_COLOUR',
      'PDP_METADATA_KEY_FILE',
    ])
  })
})

test('a database without a vault key is refused, with the file that may have the key', () => {
  const alone = { PDP_STORE_URL: 'postgres://u:p@127.0.0.1/pdp', PDP_VAULT_KEY: undefined }
  expect(problems(alone).join()).toMatch(
    /^PDP_STORE_URL: requires PDP_VAULT_KEY .*vault\.key of PDP_DATA_DIR: PDP_VAULT_KEY_FILE/u,
  )
})
