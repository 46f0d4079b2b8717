/**
 * `docker-compose.yml` and what it mounts, held against the code: names, ports, paths and secrets must be those that are there.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig as readAuditorConfig } from '@mandate/auditor/server'
import { readConfig as readAgentConfig } from '@mandate/booking-agent'
import { readConfig as readCareConfig } from '@mandate/care'
import { REALM_SECRETS } from '@mandate/keycloak'
import { parseConfig } from '@mandate/pdp'
import type { Credentials } from '@mandate/pep'
import { readConfig as readTripsConfig } from '@mandate/trips'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../pdp/src/http/openapi/operations.ts'
import { type ComposeService, ROOT, read, readComposeFile, variablesOf } from '../support/compose-file.ts'
import { argumentsOf, environmentOf as environmentOfStage, stagesOf } from '../support/dockerfile.ts'

const compose = readComposeFile()
const services = Object.entries(compose.services)
const PDPS = ['pdp-1', 'pdp-2'] as const
const OURS = [...PDPS, 'trips', 'care', 'booking-agent', 'auditor'] as const
const ONE_SHOT = 'openfga-migrate'

function serviceOf(name: string): ComposeService {
  const service = compose.services[name]
  if (!service) throw new Error(`there is no service ${name}`)
  return service
}

let secrets = ''
beforeAll(() => {
  secrets = join(mkdtempSync(join(tmpdir(), 'mandate-secrets-')), 'made')
  execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [secrets], { env: { PATH: process.env['PATH'] ?? '' } })
})
afterAll(() => rmSync(join(secrets, '..'), { recursive: true, force: true }))

/** The environment of a service, with the files of its secrets where the test has them. */
function environmentOf(name: string): Record<string, string> {
  const { environment, secrets: given } = serviceOf(name)
  return Object.fromEntries(
    Object.entries(environment).map(([key, value]) => {
      const secret = given.find(({ target }) => target === value)
      return [key, secret ? join(secrets, secret.source) : value]
    }),
  )
}

describe.for(services)('%s', ([name, service]) => {
  test('runs one exact version', () => {
    expect(service.image).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?(@sha256:[a-f0-9]{64})?$/u)
  })

  test('is not root, writes no root file system, and has no capability to gain or lose', () => {
    expect(service.user).toMatch(/^[1-9]\d*:\d+$/u)
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], cap_add: [], privileged: false })
    expect(service.security_opt).toContain('no-new-privileges:true')
  })

  test('has limits, a restart policy and a log that cannot fill the disk', () => {
    const { cpus, memory, pids } = service.deploy?.resources.limits ?? {}
    expect(Number(cpus)).toBeGreaterThan(0)
    expect(memory).toMatch(/^\d+[mg]$/u)
    expect(pids).toBeGreaterThan(0)
    expect(service.restart).toMatch(/^(unless-stopped|on-failure:\d)$/u)
    expect(service.logging?.options).toHaveProperty('max-size')
  })

  test('says whether it is well, unless it runs once and ends', () => {
    if (name === ONE_SHOT) {
      expect(service.healthcheck).toEqual({ disable: true })
      return
    }
    const inImage =
      service.build !== undefined && /^HEALTHCHECK .*\\\n {2}CMD \[/mu.test(read(service.build.dockerfile))
    expect(inImage || (service.healthcheck?.test?.length ?? 0) > 1).toBe(true)
  })

  test('waits for what it needs to be well, and everything it names exists', () => {
    for (const [needed, { condition }] of Object.entries(service.depends_on)) {
      expect(compose.services).toHaveProperty(needed)
      expect(condition).toBe(needed === ONE_SHOT ? 'service_completed_successfully' : 'service_healthy')
    }
    for (const network of service.networks) expect(compose.networks).toHaveProperty(network)
    for (const { source } of service.secrets) expect(compose.secrets).toHaveProperty(source)
    for (const { source } of service.configs) expect(compose.configs).toHaveProperty(source)
    for (const volume of service.volumes) expect(compose.volumes).toHaveProperty(volume.split(':')[0] ?? '')
  })

  test('holds no secret in its environment', () => {
    for (const [key, value] of Object.entries(service.environment)) {
      if (/password|secret|token|keys?$/iu.test(key)) expect(value, key).toMatch(/^\/run\/secrets\//u)
    }
  })
})

/** The plain addresses in an environment; a setting may list several. */
const urlsIn = (environment: Readonly<Record<string, string>>): readonly string[] =>
  Object.values(environment)
    .flatMap((value) => value.split(','))
    .filter((value) => value.startsWith('http://'))

describe('networks', () => {
  const on = (network: string): readonly string[] =>
    services.flatMap(([name, service]) => (service.networks.includes(network) ? [name] : [])).sort()

  test('only the edge is published, and only on loopback', () => {
    for (const [name, { ports }] of services) expect(ports.length > 0, name).toBe(name === 'edge')
    for (const port of serviceOf('edge').ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/u)
  })

  test('only the edge has a way out', () => {
    const open = Object.entries(compose.networks).flatMap(([name, { internal }]) => (internal ? [] : [name]))
    expect(open).toEqual(['published'])
    expect(on('published')).toEqual(['edge'])
  })

  test('PostgreSQL is reached by its clients alone, each on a network of its own', () => {
    expect(serviceOf('postgres').networks).toEqual(['openfga-db', 'keycloak-db', 'pdp-db', 'trips-db'])
    expect(on('openfga-db')).toEqual(['openfga', 'openfga-migrate', 'postgres'])
    expect(on('keycloak-db')).toEqual(['keycloak', 'postgres'])
    expect(on('pdp-db')).toEqual([...PDPS, 'postgres'])
    expect(on('trips-db')).toEqual(['postgres', 'trips'])
  })

  test('each database has one owner, and its password is the one that its owner is given', () => {
    const sql = read('deploy/postgres/databases.sql')
    const made = [...sql.matchAll(/^CREATE DATABASE (?<name>\w+) OWNER (?<owner>\w+);$/gmu)].map(({ groups }) => groups)
    expect(made.map((database) => `${database?.['name']} ${database?.['owner']}`)).toEqual([
      'openfga openfga',
      'keycloak keycloak',
      'pdp pdp',
      'pdp_index pdp',
      'trips trips',
    ])
    const given = [...sql.matchAll(/run\/secrets\/(?<name>\w+)`/gu)].map(({ groups }) => groups?.['name'])
    expect(serviceOf('postgres').secrets.map(({ source }) => source)).toEqual(expect.arrayContaining(given))
    const password = readFileSync(join(secrets, 'trips_db_password'), 'utf8')
    expect(readFileSync(join(secrets, 'trips_database_url'), 'utf8')).toContain(`://trips:${password}@`)
    const pdp = readFileSync(join(secrets, 'pdp_db_password'), 'utf8')
    for (const [file, name] of [['pdp_store_url', 'pdp'] as const, ['pdp_index_url', 'pdp_index'] as const])
      expect(readFileSync(join(secrets, file), 'utf8')).toContain(`://pdp:${pdp}@postgres:5432/${name}?`)
  })

  test('OpenFGA is reached by the PDPs alone', () => {
    expect(on('relations')).toEqual(['openfga', ...PDPS])
    expect(serviceOf('openfga').networks).toEqual(['relations', 'openfga-db'])
  })

  test('addresses between services name services on a network they share, at their port', () => {
    for (const [name, { environment, networks }] of services) {
      for (const url of urlsIn(environment)) {
        const { hostname, port } = new URL(url)
        expect(
          serversOf(hostname).every((server) =>
            networks.some((network) => serviceOf(server).networks.includes(network)),
          ),
          `${name} → ${url}`,
        ).toBe(true)
        for (const server of serversOf(hostname)) expect(portOf(server), `${name} → ${url}`).toBe(port)
      }
    }
  })
})

/** Where a room keeps its routes, if not in `src/app.ts`. */
const ROUTES: Readonly<Record<string, string>> = {
  auditor: 'auditor/src/server/app.ts',
}

/** The services that a name in the network stands for: `pdp` is an alias of each PDP. */
const serversOf = (hostname: string): readonly string[] => (hostname === 'pdp' ? PDPS : [hostname])

/** Where a service listens in its container. */
function portOf(name: string): string | undefined {
  const { environment, build } = serviceOf(name)
  if (name === 'keycloak') return environment['KC_HTTP_PORT']
  if (name === 'openfga') return environment['OPENFGA_HTTP_ADDR']?.split(':')[1]
  return build?.args['PORT']
}

/** As it will be read for each token. */
async function secretOf({ credentials }: { readonly credentials: Credentials }): Promise<unknown> {
  const secret = 'clientSecret' in credentials ? credentials.clientSecret : undefined
  return typeof secret === 'function' ? await secret() : secret
}

describe('our services', () => {
  test.for(PDPS)(
    '%s takes its environment in production: every name known, everything there, nothing insecure',
    (name) => {
      const { config, warnings } = parseConfig(environmentOf(name), (path) => readFileSync(path, 'utf8'))
      expect(warnings).toEqual([])
      expect(config).toMatchObject({ NODE_ENV: 'production', PDP_HOST: '0.0.0.0', TRUST_PROXY: 1 })
      expect(config.PDP_PORT).toBe(Number(portOf(name)))
      expect([...config.PDP_SERVICES.keys()]).toEqual(['trips', 'care'])
      expect(config.PDP_ERASURE_CLIENTS).toEqual(['booking-agent'])
      expect(config.PDP_STORE_URL).toContain('@postgres:5432/pdp?')
      expect(config.PDP_INDEX_URL).toContain('@postgres:5432/pdp_index?')
    },
  )

  test('the PDPs differ in their log alone: its origin and its volume', () => {
    const [one, two] = PDPS.map((name) => serviceOf(name))
    const { PDP_LOG_ORIGIN: first, ...rest } = one?.environment ?? {}
    const { PDP_LOG_ORIGIN: second, ...others } = two?.environment ?? {}
    expect(rest).toEqual(others)
    expect([first, second]).toEqual(['mandate.invalid/compose/1', 'mandate.invalid/compose/2'])
    expect([one?.volumes, two?.volumes]).toEqual([['pdp-1-data:/data'], ['pdp-2-data:/data']])
  })

  test('what they call in plain HTTP is listed: without the list none of them starts, and each address is named', () => {
    const readers = {
      'pdp-1': (env: Record<string, string>) => parseConfig(env, (path) => readFileSync(path, 'utf8')),
      trips: readTripsConfig,
      care: readCareConfig,
      'booking-agent': readAgentConfig,
      auditor: readAuditorConfig,
    }
    for (const [name, read] of Object.entries(readers)) {
      const all = Object.entries(environmentOf(name))
      const env = Object.fromEntries(all.filter(([key]) => !key.endsWith('_PLAIN_HTTP_HOSTS')))
      const plain = all.filter(([, value]) => value.startsWith('http://')).map(([key]) => key)
      expect(plain.length).toBeGreaterThan(1)
      for (const key of plain)
        expect(() => read(env), `${name} ${key}`).toThrow(new RegExp(`${key}: plain HTTP to`, 'u'))
    }
  })

  test('trips, care and the agent take theirs', async () => {
    const trips = readTripsConfig(environmentOf('trips'))
    const agent = readAgentConfig(environmentOf('booking-agent'))
    const care = readCareConfig(environmentOf('care'))
    expect(care).toMatchObject({ host: '0.0.0.0', port: Number(portOf('care')) })
    expect(trips).toMatchObject({ host: '0.0.0.0', port: Number(portOf('trips')) })
    expect(agent).toMatchObject({ host: '0.0.0.0', port: Number(portOf('booking-agent')) })
    expect(trips).toMatchObject({ dataDir: undefined, databaseUrl: expect.stringContaining('@postgres:5432/trips') })
    expect(await secretOf(trips)).toBe(readFileSync(join(secrets, 'trips_client_secret'), 'utf8'))
    expect(await secretOf(agent)).toBe(readFileSync(join(secrets, 'booking_agent_client_secret'), 'utf8'))
    expect(await secretOf(care)).toBe(readFileSync(join(secrets, 'care_client_secret'), 'utf8'))
  })

  test('the auditor takes its own, and is sent back to where the edge serves it', () => {
    const auditor = readAuditorConfig(environmentOf('auditor'))
    expect(auditor).toMatchObject({ host: '0.0.0.0', port: Number(portOf('auditor')), logKeys: [] })
    expect(auditor.clientSecret).toBe(readFileSync(join(secrets, 'auditor_client_secret'), 'utf8'))
    expect(auditor.console?.clientSecret).toBe(readFileSync(join(secrets, 'console_client_secret'), 'utf8'))
    expect(serviceOf('keycloak').environment['AUDITOR_PUBLIC_URL']).toBe(auditor.publicUrl)
    expect(serviceOf('edge').ports).toContain(`127.0.0.1:${new URL(auditor.publicUrl ?? '').port}:8448`)
  })

  test('all believe in one issuer, which is where the edge serves Keycloak', () => {
    const issuer = `${serviceOf('keycloak').environment['KC_HOSTNAME']}/realms/mandate`
    const believed = [
      environmentOf('pdp-1')['PDP_ISSUER'],
      environmentOf('pdp-2')['PDP_ISSUER'],
      environmentOf('trips')['TRIPS_ISSUER'],
      environmentOf('care')['CARE_ISSUER'],
      environmentOf('booking-agent')['AGENT_ISSUER'],
      environmentOf('auditor')['AUDITOR_ISSUER'],
    ]
    expect(new Set(believed)).toEqual(new Set([issuer]))
    expect(serviceOf('edge').ports).toContain(`127.0.0.1:${new URL(issuer).port}:8443`)
  })

  test.for(OURS)('%s: its image starts its entry point, and the health path is a route of it', (name) => {
    const { ROOM: room } = serviceOf(name).build?.args ?? {}
    const [entry = 'src/main.ts'] = serviceOf(name).command ?? []
    expect(existsSync(`${ROOT}${room}/${entry}`)).toBe(true)
    // What Node keeps of the code is made by starting the same file.
    expect(serviceOf(name).build?.args['ENTRY'] ?? 'src/main.ts').toBe(entry)
    expect(read('deploy/Dockerfile')).toContain('/readyz')
    if (name.startsWith('pdp-')) expect(OPERATIONS.map(({ path }) => path)).toContain('/readyz')
    else expect(read(ROUTES[name] ?? `${room}/src/app.ts`)).toContain('prepareApp(')
    expect(read('service/src/prepare-app.ts')).toContain("app.get('/readyz'")
  })

  test('what Node kept of the code lies where it looks, and the user who runs it can read it', () => {
    const stages = stagesOf(read('deploy/Dockerfile'))
    const service = stages.at(-1) ?? expect.unreachable('no stage')
    const folder = environmentOfStage(service)['NODE_COMPILE_CACHE']
    expect(folder).toMatch(/^\/app\//u)
    expect(argumentsOf(service, 'COPY')).toContain(`--from=compile --chown=0:0 --chmod=755 /tmp/compiled ${folder}`)
    const users = stages.map((stage) => [stage.name, argumentsOf(stage, 'USER')])
    const running = ['compile', 'demo-play', 'demo', undefined]
    expect(users).toEqual(stages.map(({ name }) => [name, running.includes(name) ? ['1000:1000'] : []]))
  })

  test('images hold the Node that the tests run on', () => {
    expect(read('deploy/Dockerfile')).toContain(`ARG NODE=node:${process.versions.node}-bookworm-slim`)
  })

  test('images can hold no secret, no state and no test', () => {
    const [first, ...rules] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(first).toBe('**')
    for (const rule of rules.filter((line) => line.startsWith('!')))
      expect(rule).not.toMatch(/\.env|\.mandate|secrets|^!test|^!\*\*|^!deploy\/?$/u)
    expect(rules.slice(-5)).toEqual(['**/*.test.ts', '**/*.fixture.ts', '**/*.harness.ts', '**/secrets', '**/.env*'])
  })
})

describe('secrets', () => {
  test('the script makes each one, unequal, in a folder that nobody else enters', () => {
    const made = readdirSync(secrets)
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./deploy/secrets/${name}`)
      expect(made).toContain(name)
    }
    expect(statSync(secrets).mode & 0o777).toBe(0o700)
    const values = made.map((name) => readFileSync(join(secrets, name), 'utf8'))
    expect(new Set(values).size).toBe(values.length)
  })

  test('it keeps what is there, and takes what the environment gives', () => {
    const folder = join(secrets, '..', 'given')
    const env = { PATH: process.env['PATH'] ?? '', OPENFGA_API_TOKEN: 'a'.repeat(43) }
    const make = (): Buffer => execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [folder], { env })
    make()
    const before = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    make()
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before)
    expect(readFileSync(join(folder, 'openfga_config'), 'utf8')).toContain(`keys: ["${'a'.repeat(43)}"]`)
  })

  test('it takes what the environment gives without a command that a machine may lack', () => {
    const folder = join(secrets, '..', 'without-printenv')
    const bin = join(secrets, '..', 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'printenv'), '#!/bin/sh\nexit 127\n', { mode: 0o755 })
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, PAIRWISE_SALT: 'b'.repeat(43) }
    execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [folder], { env })
    expect(readFileSync(join(folder, 'pairwise_salt'), 'utf8')).toBe('b'.repeat(43))
  })

  test('a value that is short, or that would break out of where it will stand, is refused', () => {
    for (const value of ['short', `${'a'.repeat(30)}"]`]) {
      const env = { PATH: process.env['PATH'] ?? '', PAIRWISE_SALT: value }
      const make = (): Buffer =>
        execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [join(secrets, '..', 'refused')], { env, stdio: 'pipe' })
      expect(make).toThrow(/pairwise_salt/u)
    }
  })

  test('Keycloak gets every placeholder of the realm, under its own name', () => {
    const placeholders = [...read('keycloak/realm.json').matchAll(/\$\{(?<name>[A-Z][A-Z0-9_]*)(:[^}]*)?\}/gu)].map(
      ({ groups }) => groups?.['name'],
    )
    expect(new Set(placeholders)).toEqual(new Set([...REALM_SECRETS, 'PDP_LOGOUT_URL', 'AUDITOR_PUBLIC_URL']))
    expect(serviceOf('keycloak').environment['PDP_LOGOUT_URL']).toBe('http://pdp:8181/backchannel-logout')
    const given = serviceOf('keycloak').secrets.map(({ target }) => target)
    expect(given).toEqual(expect.arrayContaining([...REALM_SECRETS]))
  })

  test('its entry point exports each file under its name, and stops at an empty one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mandate-entry-'))
    try {
      writeFileSync(join(folder, 'PAIRWISE_SALT'), 'a value with $signs and "quotes"\n')
      const env = { PATH: process.env['PATH'] ?? '', MANDATE_SECRETS_DIR: folder, KEYCLOAK_HOME: folder }
      mkdirSync(`${folder}-home/bin`, { recursive: true })
      writeFileSync(`${folder}-home/bin/kc.sh`, '#!/bin/sh\nprintf %s "$PAIRWISE_SALT|$*"\n', { mode: 0o755 })
      const start = (): string =>
        execFileSync(join(ROOT, 'deploy/keycloak/entrypoint.sh'), ['start', '--optimized'], {
          env: { ...env, KEYCLOAK_HOME: `${folder}-home` },
          encoding: 'utf8',
          stdio: 'pipe',
        })
      expect(start()).toBe('a value with $signs and "quotes"|start --optimized')
      writeFileSync(join(folder, 'PDP_CLIENT_SECRET'), '')
      expect(start).toThrow(/PDP_CLIENT_SECRET is empty/u)
    } finally {
      rmSync(folder, { recursive: true, force: true })
      rmSync(`${folder}-home`, { recursive: true, force: true })
    }
  })
})

describe('the edge', () => {
  const include = '  include /etc/nginx/sign-in.conf;\n'
  const shared = read('deploy/edge/nginx.conf')
  const signIn = read('deploy/edge/sign-in.conf')
  const conf = shared.replace(include, signIn.replaceAll(/^(?=.)/gmu, '  '))

  test('takes Keycloak`s doors from the file that is mounted where it looks', () => {
    expect(shared).toContain(include)
    expect(serviceOf('edge').configs).toContainEqual({ source: 'sign-in', target: '/etc/nginx/sign-in.conf' })
    expect(compose.configs['sign-in']?.file).toBe('./deploy/edge/sign-in.conf')
  })

  test('lets people sign in at any realm but Keycloak`s own', () => {
    const doors = [...signIn.matchAll(/location ~ (?<pattern>\S+) \{ proxy_pass/gu)].map(
      ({ groups }) => groups?.['pattern'],
    )
    expect(doors).toHaveLength(1)
    const door = new RegExp(doors[0] ?? '', 'u')
    for (const realm of ['mandate', 'acme', 'a-tenant-2']) expect(door.test(`/realms/${realm}/protocol/x`)).toBe(true)
    for (const path of [
      '/realms/master/protocol/x',
      '/realms/master',
      '/realms/MASTER/x',
      '/realms//master/',
      '/admin/',
    ])
      expect(door.test(path), path).toBe(false)
  })

  test('listens where it is published, and passes on to where services listen', () => {
    const listens = [...conf.matchAll(/listen (?<port>\d+) ssl;/gu)].map(({ groups }) => groups?.['port'])
    expect(listens.toSorted()).toEqual(serviceOf('edge').ports.map((port) => port.split(':')[2]))
    for (const { groups } of conf.matchAll(/http:\/\/(?<name>[a-z-]+):(?<port>\d+);/gu))
      expect(portOf(groups?.['name'] ?? '')).toBe(groups?.['port'])
    const upstream = [...conf.matchAll(/^ +server (?<name>[a-z0-9-]+):(?<port>\d+) resolve/gmu)].map(
      ({ groups }) => groups,
    )
    expect(upstream.map((server) => server?.['name'])).toEqual(PDPS)
    for (const server of upstream) expect(portOf(server?.['name'] ?? '')).toBe(server?.['port'])
    expect(conf).toContain('set $one http://pdp-$number:8181;')
  })

  test('reads the certificate from the secrets that it is given', () => {
    const given = serviceOf('edge').secrets.map(({ target }) => target)
    expect([...conf.matchAll(/\/run\/secrets\/\w+/gu)].map(([path]) => path)).toEqual(given)
  })

  test('speaks TLS 1.2 and 1.3 only, with forward secrecy', () => {
    expect([...conf.matchAll(/ssl_protocols (?<list>[^;]+);/gu)].map(({ groups }) => groups?.['list'])).toEqual([
      'TLSv1.2 TLSv1.3',
    ])
    const ciphers = /ssl_ciphers (?<list>[^;]+);/u.exec(conf)?.groups?.['list'] ?? ''
    for (const cipher of ciphers.split(':')) expect(cipher).toMatch(/^ECDHE\+(AESGCM|CHACHA20)$/u)
  })

  test('replaces every header by which a client could name its address, and appends to none', () => {
    const replaced = new Map(
      [...conf.matchAll(/proxy_set_header (\S+) (.+);/gu)].map(([, name = '', value]) => [name, value]),
    )
    expect(Object.fromEntries(replaced)).toMatchObject({
      'X-Forwarded-For': '$remote_addr',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': '$http_host',
      'X-Real-IP': '""',
      Forwarded: '""',
    })
    expect(conf).not.toContain('$proxy_add_x_forwarded_for')
    // A location with a header of its own would lose those of the server.
    expect(conf.match(/^ {4,}proxy_set_header/gmu) ?? []).toEqual([])
  })

  test('limits guesses of user codes at the one door to Keycloak that has the page, before it passes them on', () => {
    const locations = [...conf.matchAll(/location ~ \^\/realms\/\S+\/device \{(?<body>[^}]*)\}/gu)].map(
      ({ groups }) => groups?.['body'] ?? '',
    )
    const toKeycloak = conf.split('\n  server {').filter((server) => server.includes('http://keycloak:8080'))
    expect(locations).toHaveLength(toKeycloak.length)
    const [open = '', closed = ''] = locations
    const limits = [...open.matchAll(/limit_req zone=(?<zone>\w+) burst=(?<burst>\d+) nodelay;/gu)]
    const zones = new Map(
      [...conf.matchAll(/limit_req_zone (?<key>\S+) zone=(?<zone>\w+):\S+ rate=(?<rate>\S+);/gu)].map(({ groups }) => [
        groups?.['zone'],
        `${groups?.['key']} ${groups?.['rate']}`,
      ]),
    )
    // The address first: what it refuses does not count in the total, so one address cannot lock everybody out; the total is a realm's, as the codes are.
    expect(limits.map(({ groups }) => [zones.get(groups?.['zone']), Number(groups?.['burst'])])).toEqual([
      ['$binary_remote_addr 30r/m', 20],
      ['$realm 10r/s', 50],
    ])
    expect(open).toContain('proxy_pass $keycloak;')
    expect(closed.trim()).toBe('return 404;')
    expect(conf).toContain('limit_req_log_level info;')
    expect(conf).toMatch(/^error_log stderr warn;$/mu)
  })

  test('lets in every address of the PDP but its health, and what Keycloak tells it from inside', () => {
    const prefixes = ['/access/', '/v1/', '/.well-known/', '/log/']
    for (const prefix of [...prefixes.slice(0, 3), '= /openapi.json'])
      expect(conf).toContain(`location ${prefix} { proxy_pass $pdp; }`)
    // A log is one PDP's: its address has the number of the PDP.
    expect(conf).toContain('location ~ ^/pdp/(?<number>[12])/(?:access|v1|log)/ {')
    const paths = OPERATIONS.map(({ path }) => `${path}/`)
    const kept = paths.filter((path) => !prefixes.some((prefix) => path.startsWith(prefix)))
    expect(new Set(kept)).toEqual(
      new Set(['/livez/', '/readyz/', '/metrics/', '/openapi.json/', '/backchannel-logout/']),
    )
  })
})

describe('.env.example', () => {
  const lines = read('.env.example').split('\n')
  const named = lines.flatMap((line) => /^# (?<name>[A-Z][A-Z0-9_]*)=/u.exec(line)?.groups?.['name'] ?? [])

  test('names every variable of the compose files, and every setting of the services', () => {
    const settings = [
      ['pdp/src/config.ts', /^ {2}(?<name>ENGINE|(?:PDP|OPENFGA|LOG|TRUST|NODE)_[A-Z_]+):/gmu],
      ['pdp/src/tracing-settings.ts', /^ {2}(?<name>(?:OTEL|PDP)_[A-Z_]+):/gmu],
      ['examples/trips/src/config.ts', /^ {4}(?<name>(?:TRIPS|LOG|NODE)_[A-Z_]+):/gmu],
      ['examples/care/src/config.ts', /^ {4}(?<name>(?:CARE|LOG|NODE)_[A-Z_]+):/gmu],
      ['examples/booking-agent/src/config.ts', /^ {4}(?<name>(?:AGENT|LOG|NODE)_[A-Z_]+):/gmu],
      ['auditor/src/server/config.ts', /^ {4}(?<name>(?:AUDITOR|LOG|NODE)_[A-Z_]+):/gmu],
      ['issuer/src/config.ts', /^ {4}(?<name>(?:ISSUER|LOG|NODE)_[A-Z_]+):/gmu],
    ] as const
    const inCode = settings.flatMap(([path, pattern]) =>
      [...read(path).matchAll(pattern)].map(({ groups }) => groups?.['name'] ?? ''),
    )
    // Refused in production: tests set it to see that they fail.
    const forTestsOnly = ['PDP_TEST_READ_BARRIER']
    const inCompose = [
      ...variablesOf('docker-compose.yml'),
      ...variablesOf('deploy/compose.demo.yml'),
      ...variablesOf('deploy/compose.tenant.yml'),
    ]
    expect(inCode.length).toBeGreaterThan(40)
    const byTheStack = [
      'MANDATE_OPENFGA_PORT',
      'MANDATE_CACHE',
      'MANDATE_MAVEN_URL',
      'MANDATE_TOOLS',
      'MANDATE_LISTEN_HOST',
      'KEYCLOAK_HOME',
      'KEYCLOAK_URL',
      'KEYCLOAK_ADMIN_USERNAME',
      'KEYCLOAK_ADMIN_PASSWORD',
    ]
    const fromFiles = [
      'OPENFGA_API_TOKEN_FILE',
      'PDP_INDEX_URL_FILE',
      'PDP_SIGNALS_FILE',
      'PDP_SIGNAL_RECEIVERS_FILE',
      'PDP_STORE_URL_FILE',
    ]
    expect(named.toSorted()).toEqual(
      [...new Set([...inCode, ...inCompose, ...byTheStack, ...fromFiles])]
        .filter((name) => !forTestsOnly.includes(name))
        .toSorted(),
    )
  })

  test('holds no value for a secret', () => {
    for (const line of lines) if (/(SECRET|PASSWORD|TOKEN)=/u.test(line)) expect(line).toMatch(/=$/u)
  })
})
