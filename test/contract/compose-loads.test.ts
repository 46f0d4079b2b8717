/**
 * The compose files in a real Compose implementation: the plugin where there is one, else compose-spec's own loader. And the databases that
 * they make, in a real PostgreSQL, with a real OpenFGA in one of them. No engine is needed.
 */
import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MissingToolError, type Postgres, startOpenFga, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ROOT, read } from '../support/compose-file.ts'

const FILES = ['docker-compose.yml', 'deploy/compose.demo.yml'].map((path) => join(ROOT, path))
const LOAD_MS = 300_000

const modelSchema = z.object({
  name: z.string(),
  networks: z.record(z.string(), z.looseObject({ name: z.string() })),
  volumes: z.record(z.string(), z.looseObject({ name: z.string() })),
  services: z.record(
    z.string(),
    z.looseObject({
      environment: z.record(z.string(), z.string()).nullish(),
      networks: z.record(z.string(), z.unknown()),
      ports: z.array(z.looseObject({ host_ip: z.string(), published: z.string(), target: z.number() })).default([]),
    }),
  ),
})
type Model = z.infer<typeof modelSchema>

/** What a program prints. Throws with what it complains of. */
function output(command: string, args: readonly string[], options: ExecFileSyncOptions = {}): string {
  return String(execFileSync(command, args, { ...options, stdio: 'pipe' }))
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Loads compose files, or throws what Compose says against them. */
function loader(): { readonly name: string; readonly load: (files: readonly string[], env: object) => string } {
  const environment = (env: object): NodeJS.ProcessEnv => ({ ...process.env, ...env })
  if (succeeds('docker', ['compose', 'version'])) {
    const load = (files: readonly string[], env: object): string => {
      const args = ['compose', ...files.flatMap((file) => ['--file', file]), '--project-directory', ROOT]
      return output('docker', [...args, 'config', '--format', 'json'], { env: environment(env) })
    }
    return { name: 'docker compose config', load }
  }
  if (succeeds('go', ['version'])) {
    const cwd = join(ROOT, 'test/fixtures/compose-check')
    const load = (files: readonly string[], env: object): string =>
      output('go', ['run', '.', ...files], { cwd, env: environment(env) })
    return { name: 'compose-go', load }
  }
  throw new MissingToolError('neither `docker compose` nor Go is here. Debian: sudo apt-get install golang-go', {
    tool: 'Go',
  })
}

describe('the compose files load', { timeout: LOAD_MS }, () => {
  const { name, load } = loader()
  const modelOf = (files: readonly string[], env: object = {}): Model => modelSchema.parse(JSON.parse(load(files, env)))

  test(`as they are, in ${name}`, () => {
    const model = modelOf(FILES.slice(0, 1))
    expect(model.name).toBe('mandate')
    const published = Object.entries(model.services).flatMap(([service, { ports }]) =>
      ports.map((port) => `${service} ${port.host_ip}:${port.published}`),
    )
    expect(published).toEqual([8443, 8444, 8445, 8446, 8447, 8448, 8449].map((port) => `edge 127.0.0.1:${port}`))
  })

  test(`with what npm start adds, in ${name}: OpenFGA and Keycloak on loopback, in a project of its own`, () => {
    const { name: project, services } = modelOf(FILES, { OPENFGA_PORT: '18080', KEYCLOAK_PORT: '18443' })
    expect(project).toBe('mandate-demo')
    const { openfga, keycloak } = services
    expect(openfga?.ports).toMatchObject([{ host_ip: '127.0.0.1', published: '18080', target: 8080 }])
    expect(keycloak?.ports).toMatchObject([{ host_ip: '127.0.0.1', published: '18443', target: 8080 }])
    expect(keycloak?.environment).toMatchObject({ KC_HOSTNAME: 'http://127.0.0.1:18443', KC_HTTP_ENABLED: 'true' })
    for (const service of [openfga, keycloak]) expect(Object.keys(service?.networks ?? {})).toContain('published')
  })

  describe(`with what a tenant adds, in ${name}`, () => {
    const PORTS = ['PDP', 'TRIPS', 'AGENT', 'AUDITOR', 'CARE'].map((service, at) => [
      `MANDATE_${service}_PORT`,
      `${8500 + at}`,
    ])
    const settings = {
      ...Object.fromEntries(PORTS),
      COMPOSE_PROJECT_NAME: 'mandate-acme',
      MANDATE_TENANT: 'acme',
      MANDATE_HOST: 'acme.example',
      MANDATE_SIGN_IN_HOST: 'id.example',
      MANDATE_LOG_ORIGIN: 'acme.example/acme',
    }
    let main: Model
    let tenant: Model
    beforeAll(() => {
      main = modelOf(FILES.slice(0, 1))
      tenant = modelOf([join(ROOT, 'docker-compose.yml'), join(ROOT, 'deploy/compose.tenant.yml')], settings)
    })
    const networksOf = (model: Model, service: string) => Object.keys(model.services[service]?.networks ?? {})

    test('it has all but Keycloak of its own: services, volumes, networks and ports', () => {
      const others = Object.keys(main.services).filter((service) => service !== 'keycloak')
      expect(Object.keys(tenant.services).toSorted()).toEqual(others.toSorted())
      const { tenants, ...networks } = tenant.networks
      for (const one of [...Object.values(networks), ...Object.values(tenant.volumes)])
        expect(one.name).toMatch(/^mandate-acme_/u)
      expect(tenants).toMatchObject({ name: main.networks['tenants']?.name, external: true })
      const published = (model: Model) =>
        Object.values(model.services).flatMap(({ ports }) => ports.map((port) => `${port.host_ip}:${port.published}`))
      expect(published(tenant)).toEqual(PORTS.map(([, port]) => `127.0.0.1:${port}`))
      expect(published(main).filter((port) => published(tenant).includes(port))).toEqual([])
    })

    test('its edge alone is on the network that tenants share, under a name that no other tenant has', () => {
      const on = (model: Model) =>
        Object.keys(model.services).filter((service) => networksOf(model, service).includes('tenants'))
      expect(on(tenant)).toEqual(['edge'])
      expect(on(main)).toEqual(['keycloak'])
      expect(tenant.services['edge']?.networks['tenants']).toEqual({ aliases: ['edge-of-acme'] })
      expect(main.services['keycloak']?.networks['tenants']).toEqual({ aliases: ['shared-keycloak'] })
      expect(networksOf(tenant, 'edge').toSorted()).toEqual(['apps', 'published', 'tenants'])
    })

    test('its services believe in its realm, and reach Keycloak through its edge', () => {
      const issuer = 'https://id.example:8443/realms/acme'
      const settingsOf = Object.entries(tenant.services).flatMap(([, { environment }]) =>
        Object.entries(environment ?? {}),
      )
      const issuers = settingsOf.filter(([setting]) => /_ISSUER$/u.test(setting)).map(([, value]) => value)
      expect(issuers).toEqual([issuer, issuer, issuer, issuer, issuer, issuer])
      const inside = settingsOf.filter(([setting]) => /_(IDENTITY|JWKS)_URL$/u.test(setting)).map(([, value]) => value)
      for (const url of inside) expect(url).toMatch(/^http:\/\/keycloak:8080\/realms\/acme(\/|$)/u)
      expect(tenant.services['edge']?.networks['apps']).toEqual({ aliases: ['keycloak'] })
      for (const [, { environment }] of Object.entries(tenant.services))
        expect(JSON.stringify(environment ?? {})).not.toContain('realms/mandate')
      const origins = settingsOf.filter(([setting]) => setting === 'PDP_LOG_ORIGIN').map(([, value]) => value)
      expect(origins).toEqual(['acme.example/acme/1', 'acme.example/acme/2'])
    })

    test('without its name, or a port, it does not load', () => {
      for (const missing of ['MANDATE_TENANT', 'MANDATE_SIGN_IN_HOST', 'MANDATE_PDP_PORT']) {
        const { [missing]: _left, ...others } = settings as Readonly<Record<string, string>>
        const files = [join(ROOT, 'docker-compose.yml'), join(ROOT, 'deploy/compose.tenant.yml')]
        expect(() => load(files, others), missing).toThrow(new RegExp(missing, 'u'))
      }
    })
  })

  test('a mistake is found', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mandate-compose-'))
    try {
      const wrong = join(folder, 'docker-compose.yml')
      writeFileSync(wrong, 'services:\n  one:\n    image: x:1\n    networks: [nowhere]\n')
      expect(() => load([wrong], {})).toThrow(/nowhere/u)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('the databases', () => {
  let postgres: Postgres
  const folder = mkdtempSync(join(tmpdir(), 'mandate-databases-'))
  const passwords = { openfga: 'a'.repeat(64), keycloak: 'b'.repeat(64) }

  beforeAll(async () => {
    postgres = await startPostgres()
    for (const [role, password] of Object.entries(passwords))
      writeFileSync(join(folder, `${role}_db_password`), password, { mode: 0o600 })
    const sql = join(folder, 'databases.sql')
    writeFileSync(sql, read('deploy/postgres/databases.sql').replaceAll('/run/secrets', folder))
    psql(postgres.url, '--file', sql)
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await postgres.stop()
  })

  function psql(url: string, ...args: readonly string[]): string {
    return output('psql', ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', ...args, url]).trim()
  }
  function urlOf(role: keyof typeof passwords, database: string): string {
    const url = new URL(postgres.url)
    url.username = role
    url.password = passwords[role]
    url.pathname = database
    return url.href
  }
  const ask = (role: keyof typeof passwords, database: string): string =>
    psql(urlOf(role, database), '--command', 'SELECT current_database()')

  test('each role enters its own and no other', () => {
    expect(ask('openfga', 'openfga')).toBe('openfga')
    expect(ask('keycloak', 'keycloak')).toBe('keycloak')
    for (const [role, database] of [
      ['openfga', 'keycloak'],
      ['openfga', 'postgres'],
      ['keycloak', 'openfga'],
      ['keycloak', 'template1'],
    ] as const) {
      expect(() => ask(role, database), `${role} in ${database}`).toThrow(/permission denied/u)
    }
  })

  test('OpenFGA migrates and serves with its own role, and plans for each question anew', async () => {
    expect(psql(urlOf('openfga', 'openfga'), '--command', 'SHOW plan_cache_mode')).toBe('force_custom_plan')
    const openFga = await startOpenFga({ engine: 'postgres', postgresUrl: urlOf('openfga', 'openfga'), env: {} })
    try {
      expect((await fetch(`${openFga.url}/healthz`)).status).toBe(200)
    } finally {
      await openFga.stop()
    }
  })
})
