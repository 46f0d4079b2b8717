/**
 * The target `demo` of `deploy/Dockerfile`, held against the code: names, ports, paths and packages must be those that are there.
 */
import { globSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { listenHostOf } from '../../stack/src/ports.ts'
import { SERVICES } from '../../stack/src/settings.ts'
import { STATE_DIR } from '../../stack/src/state.ts'
import { ROOT, read } from '../support/compose-file.ts'
import { argumentsOf, environmentOf, isInContext, type Stage, stagesOf } from '../support/dockerfile.ts'

const stages = stagesOf(read('deploy/Dockerfile'))
const demo = stageOf('demo')
const env = environmentOf(demo)

/** The numbers of its `MANDATE_…_PORT`. */
function portsOf(environment: Readonly<Record<string, string>>): readonly number[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    /^MANDATE_\w+_PORT$/u.test(name) ? [Number(value)] : [],
  )
}

function stageOf(name: string): Stage {
  return stages.find((stage) => stage.name === name) ?? expect.unreachable(`there is no stage ${name}`)
}

/** Workspaces whose sources the demo's processes load. */
function startedWorkspaces(): ReadonlySet<string> {
  const folders: readonly string[] = JSON.parse(read('package.json')).workspaces
  const manifests = new Map(folders.map((folder) => [folder, JSON.parse(read(`${folder}/package.json`))]))
  const named = new Map([...manifests].map(([folder, { name }]) => [name, folder]))
  const started = new Set(['stack', 'auditor', ...folders.filter((folder) => folder.startsWith('examples/'))])
  for (const folder of started)
    for (const name of Object.keys(manifests.get(folder)?.dependencies ?? {})) {
      const needed = named.get(name)
      if (needed !== undefined) started.add(needed)
    }
  return started
}

describe('the demo image', () => {
  test('is a target: without one, the image of a service is built', () => {
    expect(stages.at(-1)?.name).toBeUndefined()
    expect(stages.at(-1)?.text).toMatch(/^WORKDIR \/app\/\$\{ROOM\}$/mu)
  })

  test('starts what `npm start` starts', () => {
    const { scripts } = JSON.parse(read('package.json'))
    expect(argumentsOf(demo, 'ENTRYPOINT').map((line) => JSON.parse(line).join(' '))).toEqual([scripts.start])
  })

  test('is not root, and writes to its state folder only', () => {
    expect(argumentsOf(demo, 'USER')).toEqual(['1000:1000'])
    const state = `/app/${STATE_DIR.slice(ROOT.length)}`
    expect(argumentsOf(demo, 'VOLUME')).toEqual([state])
    expect(argumentsOf(demo, 'COPY').filter((line) => line.includes('1000:1000'))).toEqual([
      `--from=demo-install --chown=1000:1000 --chmod=700 /state ${state}`,
    ])
  })

  test('listens where its ports can be published, and nowhere by default', () => {
    expect(listenHostOf(env)).toBe('0.0.0.0')
    expect(listenHostOf({})).toBe('127.0.0.1')
  })

  test('has a fixed port for the issuer and for every service, and no setting that the code does not know', () => {
    const ports = read('stack/src/ports.ts')
    const variables = Object.keys(env).filter((name) => /^MANDATE_\w+_PORT$/u.test(name))
    for (const name of variables) expect(ports).toContain(`'${name}'`)
    const wanted = ['keycloak', ...SERVICES].map((name) => `MANDATE_${name.toUpperCase()}_PORT`)
    expect(variables.toSorted()).toEqual(wanted.toSorted())
    const [first, last] = (argumentsOf(demo, 'EXPOSE')[0] ?? '').split('-').map(Number)
    const numbers = portsOf(env).toSorted()
    expect(numbers).toEqual(Array.from({ length: wanted.length }, (_, at) => (first ?? 0) + at))
    expect(numbers.at(-1)).toBe(last)
  })

  test('is healthy when the issuer and every service are ready', () => {
    const [check = ''] = argumentsOf(demo, 'HEALTHCHECK')
    const asked = JSON.parse(/\[[\d, ]+\]/u.exec(check)?.[0] ?? '[]')
    expect(asked.toSorted()).toEqual(portsOf(env).toSorted())
    expect(check).toContain("'/readyz'")
  })

  test('is built from a demo that told the story, with the packages of `npm start` and without their scripts', () => {
    expect(argumentsOf(stageOf('demo-play'), 'RUN')).toEqual(['node stack/src/start.ts --once'])
    expect(argumentsOf(stageOf('demo-play'), 'USER')).toEqual(['1000:1000'])
    const { text } = stageOf('demo-install')
    expect(environmentOf(stageOf('demo-install'))).toEqual({ npm_config_ignore_scripts: 'true' })
    expect(text).toMatch(/install\.mjs pages .*buildPage.*rm -rf node_modules && node stack\/install\.mjs start /u)
    expect(read('stack/src/page.ts')).toContain('export function buildPage(')
  })

  test('keeps what Node made of the code where it looks for it', () => {
    const cache = environmentOf(stageOf('demo-play'))['NODE_COMPILE_CACHE']
    expect(env['NODE_COMPILE_CACHE']).toBe(cache)
    expect(read('stack/src/service.ts')).toContain(`\`\${ROOT}${cache?.slice('/app/'.length)}\``)
    // Nothing else of the stage that played the story: its state has secrets.
    expect(argumentsOf(demo, 'COPY').filter((line) => line.startsWith('--from=demo-play'))).toEqual([
      '--from=demo-play --chown=0:0 --chmod=755 /app/node_modules/.cache /app/node_modules/.cache',
    ])
  })

  test.for([...startedWorkspaces(), 'auditor/page', 'ui'])('the build gets all sources of %s', (folder) => {
    const sources = globSync(`${folder}/src/**/*.{ts,tsx,css,json}`, { cwd: ROOT })
    const needed = sources.filter((file) => !/\.(?:test|fixture|harness)\.tsx?$/u.test(file))
    expect(needed.length).toBeGreaterThan(0)
    for (const file of [...needed, `${folder}/package.json`]) expect(isInContext(file), file).toBe(true)
  })

  test('the build gets every manifest that the lockfile names', () => {
    const folders: readonly string[] = JSON.parse(read('package.json')).workspaces
    for (const folder of folders) expect(isInContext(`${folder}/package.json`), folder).toBe(true)
  })

  test.for(['pdp/policies/travel/manifest.yaml', 'stack/install.mjs', 'package-lock.json', '.npmrc'])(
    'the build gets %s',
    (file) => expect(isInContext(file)).toBe(true),
  )

  test.for(['.env', '.mandate/secrets.json', 'test/run.ts', 'deploy/secrets/pairwise_salt', 'stack/src/page.test.ts'])(
    'the build does not get %s',
    (file) => expect(isInContext(file)).toBe(false),
  )

  test('the README publishes its ports, each under the same number, on loopback', () => {
    const range = argumentsOf(demo, 'EXPOSE')[0]
    expect(read('README.md')).toContain('docker build -f deploy/Dockerfile --target demo -t mandate-demo .')
    expect(read('README.md')).toContain(`-p 127.0.0.1:${range}:${range} mandate-demo`)
  })
})
