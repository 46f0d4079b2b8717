/**
 * A service of a domain of one's own, added to the demo: its client gets tokens, its pack is in force, and the PDP answers it about its types.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addServiceToDemo,
  removeServiceFromDemo,
  type ServiceRequest,
  type Stack,
  servicesOfDemo,
  startStack,
  writeRun,
} from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packFolder } from '../fixtures/packs.ts'
import { ROOT } from '../support/compose-file.ts'
import { read, realmClient, serviceToken, signIn } from '../support/realm-client.ts'

const stateDir = mkdtempSync(join(tmpdir(), 'mandate-extra-'))
const ASKED = { name: 'lab', types: [], pack: packFolder('lab-orders'), calls: [] }
const LAB_TYPES = ['lab_order', 'lab_sample', 'lab_account']

let stack: Stack

/** Starts the PDP and the issuer, and says in the run file of the state folder that a demo runs. */
async function startDemo(): Promise<void> {
  stack = await startStack({
    stateDir,
    ownServers: true,
    engine: 'embedded',
    issuerKind: 'embedded',
    services: ['pdp'],
    logLevel: 'warn',
  })
  const { log, key, issuer, urls } = stack
  writeRun(stateDir, { pid: process.pid, url: urls.pdp, log, key, issuer, secrets: join(stateDir, 'secrets.json') })
}

beforeAll(startDemo)
afterAll(async () => {
  await stack?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

test('npm run where -- sub LOGIN prints the sub of a login of the running demo, and exits 1 for another name', async () => {
  const where = (login: string) =>
    spawnSync(process.execPath, [join(ROOT, 'stack/src/where.ts'), 'sub', login], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env['PATH'], MANDATE_STATE_DIR: stateDir },
    })
  const desktop = await realmClient(stack.issuer, 'desktop')
  const session = await signIn(desktop, stack.people['carlo'] ?? expect.unreachable('carlo'), 'openid pdp')
  expect(where('carlo')).toMatchObject({ status: 0, stdout: `${read(session).claims.sub}\n`, stderr: '' })
  const unknown = where('nobody-here')
  expect(unknown).toMatchObject({ status: 1, stdout: '' })
  expect(unknown.stderr).toContain('the embedded issuer has no login "nobody-here"')
})

test('before it is added nothing is stored for a request that is wrong', async () => {
  const refused = (request: Partial<ServiceRequest>) => addServiceToDemo({ ...ASKED, ...request }, stateDir)
  await expect(refused({ name: 'Lab Orders' })).rejects.toThrow('is no name of a service')
  await expect(refused({ name: 'trips' })).rejects.toThrow('of the realm itself')
  await expect(refused({ types: ['workflow'] as never[] })).rejects.toThrow('belongs to the service trips')
  await expect(refused({ types: ['lab_odrer'] as never[] })).rejects.toThrow('no resource type "lab_odrer"')
  await expect(refused({ calls: ['nowhere'] as never[] })).rejects.toThrow('cannot call "nowhere"')
  for (const url of ['127.0.0.1:4100', 'http://127.0.0.1:4100/labels', 'http://user:secret@127.0.0.1:4100'])
    await expect(refused({ url })).rejects.toThrow('is no address of a service')
  await expect(refused({ url: 'http://lab.example' })).rejects.toThrow('plain HTTP to lab.example')
  await expect(refused({ pack: '/nonexistent' })).rejects.toThrow('/nonexistent')
  expect(await removeServiceFromDemo('lab', stateDir)).toBe(false)
})

test('a host of an agent is added with exact redirect URIs, for services and not for the PDP; it stays a host', async () => {
  const host = { name: 'chat-host', types: [], calls: ['trips'], redirectUris: ['http://127.0.0.1/callback'] }
  const refused = (request: object) => addServiceToDemo({ ...host, ...request }, stateDir)
  const wrong = ['https://chat.example/*', 'http://chat.example/cb', 'https://chat.example/cb#x', 'chat:cb']
  for (const uri of [...wrong, "https://chat'.example/cb", 'https://{0}.example/cb'])
    await expect(refused({ redirectUris: [uri] })).rejects.toThrow('is no redirect URI of a host')
  await expect(refused({ calls: [] })).rejects.toThrow('needs a service')
  await expect(refused({ calls: ['pdp'] })).rejects.toThrow('"pdp"')
  await expect(refused({ types: ['lab_order'] })).rejects.toThrow('only services have types')
  expect((await addServiceToDemo(host, stateDir)).service).toMatchObject({ types: [], redirectUris: host.redirectUris })
  await expect(refused({ redirectUris: [] })).rejects.toThrow('is a host already')
  expect(await removeServiceFromDemo('chat-host', stateDir)).toBe(true)
})

test('what would keep the demo from starting again is refused: a circle of calls, and removing what others call', async () => {
  const agent = (name: string, ...calls: string[]) => addServiceToDemo({ name, types: [], calls }, stateDir)
  await agent('one', 'trips')
  await agent('two', 'one')
  await expect(agent('one', 'two')).rejects.toThrow('in a circle')
  await expect(removeServiceFromDemo('one', stateDir)).rejects.toThrow('is called by two')
  await agent('two', 'trips')
  expect(await Promise.all(['one', 'two'].map((name) => removeServiceFromDemo(name, stateDir)))).toEqual([true, true])
})

test('of two services that are added at the same time for the same types one is refused', async () => {
  const added = await Promise.allSettled(
    ['lab', 'lab-two'].map((name) => addServiceToDemo({ ...ASKED, name }, stateDir)),
  )
  expect(added.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  const [service] = servicesOfDemo(stateDir)
  expect(await removeServiceFromDemo(service?.name ?? '', stateDir)).toBe(true)
  expect(servicesOfDemo(stateDir)).toEqual([])
})

test('a pack that is gone keeps the demo from starting with what to do, and removing its service is enough', async () => {
  const pack = join(stateDir, 'lab-orders')
  cpSync(packFolder('lab-orders'), pack, { recursive: true })
  await addServiceToDemo({ ...ASKED, pack }, stateDir)
  await stack.stop()
  rmSync(pack, { recursive: true })
  await expect(startDemo()).rejects.toThrow(/cannot be read[\s\S]*mandate service remove NAME[\s\S]*lab: /u)
  expect(await removeServiceFromDemo('lab', stateDir)).toBe(true)
  await startDemo()
})

test('after the next start the PDP answers it about the types of its pack, and about no others', async () => {
  const { service, environment, isRunning } = await addServiceToDemo(ASKED, stateDir)
  expect(isRunning).toBe(true)
  expect(service.types).toEqual(LAB_TYPES)
  expect(service.url).toBe('http://127.0.0.1:4100')
  expect(environment).toContain('PORT=4100\n')
  expect(environment).toContain(`MANDATE_PDP_URL=${stack.urls.pdp}\n`)
  expect(statSync(join(stateDir, 'services.json')).mode & 0o077).toBe(0)
  await stack.stop()
  await startDemo()
  const client = await realmClient(stack.issuer, 'lab', service.secret)
  const { access_token: token } = await serviceToken(client, 'pdp')
  const ask = async (type: string) => {
    const body = {
      subject: { type: 'user', id: '7d60050c-82b3-3e25-8352-b98918ebaa87' },
      action: { name: 'read' },
      resource: { type, id: '01M80CF60RE0M464TCK3RQ21JM' },
    }
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const url = `${stack.urls.pdp}/access/v1/evaluation`
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status
  }
  expect([await ask('lab_order'), await ask('workflow')]).toEqual([200, 403])
})

test('adding it again keeps its secret; removing it ends its tokens', async () => {
  const secretIn = () =>
    readFileSync(join(stateDir, 'services.json'), 'utf8').match(/"secret": "(?<secret>[^"]+)"/)?.[1]
  const before = secretIn() ?? ''
  await addServiceToDemo({ ...ASKED, types: [] }, stateDir)
  expect(secretIn()).toBe(before)
  expect(await removeServiceFromDemo('lab', stateDir)).toBe(true)
  await expect(serviceToken(await realmClient(stack.issuer, 'lab', before), 'pdp')).rejects.toThrow()
})
