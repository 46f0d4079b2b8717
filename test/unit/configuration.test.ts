/**
 * The configuration of every service as a process: the same words on standard error, the same exit status, and no secret printed.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

const SECRET = 'of more than sixteen characters'
const ISSUER = 'https://id.example/realms/x'
const PDP = 'https://pdp.example'

interface Configured {
  readonly main: string
  readonly prefix: string
  readonly env: Readonly<Record<string, string>>
}

const SERVICES: Readonly<Record<string, Configured>> = {
  pdp: {
    main: 'pdp/src/main.ts',
    prefix: 'PDP_',
    env: {
      PDP_ISSUER: ISSUER,
      PDP_DATA_DIR: '/data',
      PDP_LOG_ORIGIN: 'pdp.example/log',
      OPENFGA_URL: 'https://openfga.example',
      OPENFGA_API_TOKEN: SECRET,
    },
  },
  trips: {
    main: 'examples/trips/src/main.ts',
    prefix: 'TRIPS_',
    env: { TRIPS_ISSUER: ISSUER, TRIPS_PDP_URL: PDP, TRIPS_DATA_DIR: '/data', TRIPS_CLIENT_SECRET: SECRET },
  },
  care: {
    main: 'examples/care/src/main.ts',
    prefix: 'CARE_',
    env: { CARE_ISSUER: ISSUER, CARE_PDP_URL: PDP, CARE_DATA_DIR: '/data', CARE_CLIENT_SECRET: SECRET },
  },
  'booking-agent': {
    main: 'examples/booking-agent/src/main.ts',
    prefix: 'AGENT_',
    env: {
      AGENT_ISSUER: ISSUER,
      AGENT_PDP_URL: PDP,
      AGENT_TRIPS_URL: 'https://trips.example',
      AGENT_DATA_DIR: '/data',
      AGENT_CLIENT_SECRET: SECRET,
    },
  },
  auditor: {
    main: 'auditor/src/server/main.ts',
    prefix: 'AUDITOR_',
    env: { AUDITOR_ISSUER: ISSUER, AUDITOR_PDP_URL: PDP, AUDITOR_CLIENT_SECRET: SECRET },
  },
}

const ISSUER_SETTINGS: Configured = {
  main: 'issuer/src/main.ts',
  prefix: 'ISSUER_',
  env: { ISSUER_DATA_DIR: '/data' },
}

function run(main: string, environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env
  return spawnSync(process.execPath, [join(ROOT, main), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...environment },
  })
}

test.for(Object.entries({ ...SERVICES, issuer: ISSUER_SETTINGS }))(
  '%s ends with 78 and says every problem of its configuration, a line each',
  ([name, { main, prefix, env }]) => {
    const wrong = { ...env, [`${prefix}PROT`]: '1', [`${prefix}PORT`]: 'hunter2', LOG_LEVEL: 'loud' }
    const { status, stderr } = run(main, wrong)
    expect(status).toBe(78)
    const [first, ...problems] = stderr.trim().split('\n')
    expect(first).toBe(`${name}: the configuration cannot be used:`)
    expect(problems.map((line) => /^ {2}(?<variable>[A-Z_]+): /u.exec(line)?.groups?.['variable']).sort()).toEqual(
      [`${prefix}PORT`, `${prefix}PROT`, 'LOG_LEVEL'].sort(),
    )
    expect(stderr).toContain(`did you mean ${prefix}PORT?`)
    expect(stderr).not.toContain('hunter2')
  },
)

describe.for(Object.entries(SERVICES))('%s', ([_name, { main, prefix, env }]) => {
  test('prints its configuration with its defaults and without its secrets', () => {
    const { status, stdout } = run(main, env, '--print-config')
    expect(status).toBe(0)
    const shown: unknown = JSON.parse(stdout)
    expect(shown).toMatchObject({ [`${prefix}HOST`]: '127.0.0.1', [`${prefix}ISSUER`]: ISSUER, LOG_LEVEL: 'info' })
    expect(stdout).not.toContain(SECRET)
    expect(stdout).toContain('[redacted]')
  })
})
