/**
 * Docker is stood in for by a shell script; the compose files and the script that makes secrets are the real ones.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REALM_SECRETS } from '@mandate/keycloak'
import { expect, test } from 'vitest'
import { COMPOSE_FILES, type DockerOptions, dockerAnswers, dockerServers, forgetDocker } from './docker.ts'
import { loadSecrets } from './secrets.ts'
import { ROOT } from './service.ts'
import { temporaryFolder } from './temporary.fixture.ts'

/** A machine with this docker besides everything that is here. */
function machine(docker: string | undefined): { readonly PATH: string; readonly CALLS: string } {
  const root = temporaryFolder()
  mkdirSync(join(root, 'bin'))
  if (docker !== undefined) {
    writeFileSync(join(root, 'bin', 'docker'), `#!/bin/sh\n${docker}\n`)
    chmodSync(join(root, 'bin', 'docker'), 0o755)
  }
  return { PATH: join(root, 'bin'), CALLS: join(root, 'calls') }
}

const RECORDING = 'echo "$* | $OPENFGA_PORT $KEYCLOAK_PORT $MANDATE_SECRETS_DIR" >> "$CALLS"'
const text = COMPOSE_FILES.map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n')

function optionsFor(env: NodeJS.ProcessEnv): DockerOptions {
  const stateDir = temporaryFolder()
  const ports = { keycloak: 1, openFga: 2, pdp: 3, trips: 4, care: 7, agent: 5, auditor: 6 }
  const withTools = { ...env, PATH: `${env['PATH']}:${process.env['PATH']}` }
  return { env: withTools, stateDir, secrets: loadSecrets(stateDir), ports }
}

test.for([
  ['an engine that answers', 'exit 0', true],
  ['a client without an engine', '[ "$1" != info ]', false],
  ['an engine without compose', '[ "$1" != compose ]', false],
  ['no client', undefined, false],
] as const)('%s', async ([, docker, answer]) => {
  const root = temporaryFolder()
  writeFileSync(join(root, 'docker-compose.yml'), '')
  expect(await dockerAnswers(machine(docker), root)).toBe(answer)
})

test('without a compose file there is nothing to start', async () => {
  expect(await dockerAnswers(machine('exit 0'), temporaryFolder())).toBe(false)
})

test('compose gets ports from the environment and secrets from files, and names the servers for the rest of us', async () => {
  const env = machine(RECORDING)
  const options = optionsFor(env)
  const { secrets, stateDir } = options
  const servers = await dockerServers(options)
  await servers.stop()
  await forgetDocker(options.env, stateDir)
  const folder = join(stateDir, 'docker-secrets')
  const calls = readFileSync(env.CALLS, 'utf8').split('\n')
  const [, project] = /--project-name (\S+)/u.exec(calls[0] ?? '') ?? []
  const compose = `compose --project-name ${project} --file docker-compose.yml --file deploy/compose.demo.yml`
  expect(calls).toEqual([
    `${compose} up --detach --wait openfga keycloak | 2 1 ${folder}`,
    `${compose} stop | 2 1 ${folder}`,
    `${compose} down --volumes --remove-orphans | 0 0 ${folder}`,
    '',
  ])
  expect(servers.env).toMatchObject({
    OPENFGA_URL: 'http://127.0.0.1:2',
    OPENFGA_API_TOKEN: secrets.openFgaToken,
    KEYCLOAK_URL: 'http://127.0.0.1:1',
    KEYCLOAK_ADMIN_PASSWORD: secrets.keycloakAdminPassword,
  })
})

test('the files that compose binds are there, private, with the secrets that we know', async () => {
  const options = optionsFor(machine('exit 0'))
  const { secrets, stateDir } = options
  await dockerServers(options)
  const folder = join(stateDir, 'docker-secrets')
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(read('openfga_api_token')).toBe(secrets.openFgaToken)
  expect(read('openfga_config')).toContain(secrets.openFgaToken)
  expect(read('keycloak_admin_password')).toBe(secrets.keycloakAdminPassword)
  for (const name of REALM_SECRETS) expect(read(name.toLowerCase())).toBe(secrets.realm[name])
  const bound = [...text.matchAll(/MANDATE_SECRETS_DIR:-[^}]*\}\/(?<name>\w+)"/gu)].map(
    ({ groups }) => groups?.['name'],
  )
  expect(bound.length).toBeGreaterThan(10)
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(bound))
})

test('two clones have two projects', async () => {
  const env = machine(RECORDING)
  await forgetDocker(env, '/one/.mandate')
  await forgetDocker(env, '/other/.mandate')
  const projects = [...readFileSync(env.CALLS, 'utf8').matchAll(/--project-name (\S+)/gu)].map(([, name]) => name)
  expect(new Set(projects).size).toBe(2)
})

test('nothing that the compose files need from the environment is left out', async () => {
  const env = machine('export -p > "$CALLS"')
  await forgetDocker(env, '/one/.mandate')
  const set = readFileSync(env.CALLS, 'utf8')
  const needed = [...text.matchAll(/(?<!\$)\$\{(?<name>[A-Z_]+)(?::\?[^}]*)?\}/gu)].map(
    ({ groups }) => groups?.['name'],
  )
  expect(needed.length).toBeGreaterThan(1)
  for (const name of needed) expect(set).toMatch(new RegExp(`^export ${name}='.`, 'mu'))
  expect(text).toMatch(/^ {4}ports: \["127\.0\.0\.1:\$\{OPENFGA_PORT[^"]*:8080"\]$/mu)
  expect(text).toMatch(/^ {4}ports: \["127\.0\.0\.1:\$\{KEYCLOAK_PORT[^"]*:8080"\]$/mu)
  expect(text).toMatch(/KC_BOOTSTRAP_ADMIN_USERNAME: admin$/mu)
})
