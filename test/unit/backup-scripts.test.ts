/**
 * The scripts of backups: what they refuse before they do anything, what they leave when they fail, and what they ask of `docker compose`.
 * `test/integration/backup.test.ts` runs them on a whole installation.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { ROOT, read, readComposeFile } from '../support/compose-file.ts'

const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
const SIZE = 300_000
let place = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'mandate-backup-scripts-'))
  makeKeys('keys')
  mkdirSync(join(place, 'app'))
  writeFileSync(join(place, 'app', 'data'), randomBytes(SIZE), { mode: 0o640 })
  writeFileSync(join(place, 'layout'), `# one thing\n\nfolder app ${join(place, 'app')}`)
  const ran = run('backup.sh', ['--layout', join(place, 'layout'), join(place, 'whole')], {
    MANDATE_BACKUP_PART_BYTES: '100000',
  })
  expect(ran).toMatchObject({ status: 0 })
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const makeKeys = (name: string): void => {
  execFileSync(join(ROOT, 'deploy/make-backup-keys.sh'), [join(place, name)], { env: { PATH } })
}

interface Ran {
  readonly status: number | null
  readonly said: string
}
type Variables = Readonly<Record<string, string>>

function run(name: string, args: readonly string[], env: Variables = {}, limits = ''): Ran {
  const command = `${limits}exec "$0" "$@"`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command, join(ROOT, 'deploy', name), ...args], {
    encoding: 'utf8',
    env: { PATH, MANDATE_BACKUP_KEYS: join(place, 'keys'), ...env },
  })
  return { status, said: `${stdout}${stderr}` }
}

const backUp = (to: string, env: Variables = {}, limits = ''): Ran =>
  run('backup.sh', ['--layout', join(place, 'layout'), join(place, to)], env, limits)
const restore = (from = 'whole', env: Variables = {}, limits = ''): Ran =>
  run('restore.sh', ['--layout', join(place, 'layout'), '--force', join(place, from)], env, limits)
const refused = (status: number, words: string) => ({ status, said: expect.stringContaining(words) })

/** What is in the folder that is backed up. */
const content = () => readdirSync(join(place, 'app'))

test.for(['backup.sh', 'restore.sh'])('%s says what it is for, and what is wrong with its arguments', (name) => {
  expect(run(name, ['--help'])).toMatchObject(refused(0, `deploy/${name} [`))
  expect(run(name, [])).toMatchObject(refused(64, `deploy/${name} `))
  expect(run(name, ['--fast', 'x'])).toMatchObject(refused(64, 'there is no option --fast'))
  expect(run(name, ['x', '--layout'])).toMatchObject(refused(64, '--layout: name the file'))
  expect(run(name, ['a', 'b'])).toMatchObject({ status: 64 })
})

test.for([
  ['volume x /y', 'volume is no kind'],
  ['pdp ../x /y', 'the name ../x'],
  ['pdp pdp-1', 'pdp pdp-1 has no directory'],
  ['cluster db postgres://x@y/z', 'cluster db has no directory'],
  ['pdp pdp-1 data/pdp-1', 'must be absolute'],
  ['pdp pdp-1 /', 'must be absolute'],
  ['pdp x /a\nfolder x /b', 'the name x is used twice'],
  ['secrets pdp-1-keys /x', 'may not end in -keys'],
  ['cluster db postgres://me:secret@y/z /pg', 'a password in the URI'],
  ['# nothing', 'names nothing to back up'],
] as const)('a layout with a mistake is refused by name: %j', ([text, words]) => {
  writeFileSync(join(place, 'wrong'), text)
  expect(run('backup.sh', ['--layout', join(place, 'wrong'), join(place, 'out')])).toMatchObject(refused(78, words))
  expect(readdirSync(place).filter((name) => name.startsWith('out'))).toEqual([])
})

test('a layout that is not there, or has no log for --logs, is refused', () => {
  expect(run('backup.sh', ['--layout', join(place, 'none'), join(place, 'out')])).toMatchObject({ status: 78 })
  const logs = ['--logs', '--layout', join(place, 'layout'), join(place, 'out')]
  expect(run('backup.sh', logs)).toMatchObject(refused(78, 'has no pdp'))
})

test('a folder there and back, in several files, with its modes', () => {
  expect(readdirSync(join(place, 'whole')).filter((name) => name.endsWith('.cms')).length).toBeGreaterThan(3)
  for (const name of readdirSync(join(place, 'whole')))
    expect(statSync(join(place, 'whole', name)).mode & 0o077).toBe(0)
  expect(run('restore.sh', ['--layout', join(place, 'layout'), join(place, 'whole')])).toMatchObject(
    refused(73, 'is not empty'),
  )
  rmSync(join(place, 'app', 'data'))
  expect(run('restore.sh', ['--layout', join(place, 'layout'), join(place, 'whole')])).toMatchObject({ status: 0 })
  expect(content()).toEqual(['data'])
  const { size, mode } = statSync(join(place, 'app', 'data'))
  expect([size, mode & 0o777]).toEqual([SIZE, 0o640])
})

test('a part is for its own recipient alone: databases and logs are not read with the key of the secrets, nor with a certificate', () => {
  const decrypt = (recipient: string, key = recipient): Buffer | undefined => {
    const [certificate, secret] = [join(place, 'keys', `${recipient}.pem`), join(place, 'keys', `${key}.key`)]
    const part = join(place, 'whole', 'app.00000.cms')
    const flags = ['-decrypt', '-binary', '-inform', 'DER', '-in', part, '-recip', certificate, '-inkey', secret]
    const { status, stdout } = spawnSync('openssl', ['cms', ...flags], { env: { PATH } })
    return status === 0 ? stdout : undefined
  }
  const GZIP = [0x1f, 0x8b]
  expect([...(decrypt('data')?.subarray(0, 2) ?? [])]).toEqual(GZIP)
  expect([...readFileSync(join(place, 'whole', 'app.00000.cms')).subarray(0, 2)]).not.toEqual(GZIP)
  expect(decrypt('secrets')).toBeUndefined()
  expect(decrypt('data', 'secrets')).toBeUndefined()
})

test('nothing is overwritten: keys, a backup, the place of a link', () => {
  expect(run('make-backup-keys.sh', [])).toMatchObject({ status: 73 })
  for (const name of readdirSync(join(place, 'keys'))) expect(statSync(join(place, 'keys', name)).mode & 0o077).toBe(0)
  expect(backUp('whole')).toMatchObject(refused(73, 'nothing is overwritten'))
  symlinkSync(join(place, 'elsewhere'), join(place, 'link'))
  expect(backUp('link')).toMatchObject({ status: 73 })
})

describe('keys', () => {
  const withKeys = (change: (folder: string) => void): Variables => {
    const folder = mkdtempSync(join(place, 'keys-'))
    cpSync(join(place, 'keys'), folder, { recursive: true })
    change(folder)
    return { MANDATE_BACKUP_KEYS: folder }
  }
  beforeAll(() => makeKeys('other'))
  const put = (names: readonly string[]) =>
    withKeys((folder) => {
      for (const name of names) cpSync(join(place, 'other', name), join(folder, name))
    })

  test('without keys it says which script makes them', () => {
    expect(backUp('out', { MANDATE_BACKUP_KEYS: join(place, 'none') })).toMatchObject(
      refused(78, 'deploy/make-backup-keys.sh'),
    )
    const without = withKeys((folder) => rmSync(join(folder, 'data.key')))
    expect(restore('whole', without)).toMatchObject(refused(78, 'data.key is missing'))
  })

  test('wrong keys are told apart: of another pair, of another backup, of another signer', () => {
    expect(restore('whole', put(['data.key']))).toMatchObject(refused(78, 'data.key is not the key of'))
    expect(restore('whole', put(['secrets.key', 'secrets.pem']))).toMatchObject(
      refused(65, 'was encrypted to another secrets.pem, with the SHA-256 fingerprint '),
    )
    expect(restore('whole', put(['sign.pub']))).toMatchObject(refused(65, 'is not signed by'))
    const garbage = withKeys((folder) => writeFileSync(join(folder, 'data.key'), 'x'))
    expect(restore('whole', garbage)).toMatchObject(refused(78, 'data.key is not a private key'))
    expect(content()).toEqual(['data'])
  })

  test('whoever has the storage and the certificates, but not sign.key, can replace nothing', () => {
    const forged = join(place, 'forged')
    cpSync(join(place, 'whole'), forged, { recursive: true })
    const part = join(forged, 'app.00000.cms')
    const certificate = join(place, 'keys', 'data.pem')
    const flags = ['-encrypt', '-binary', '-aes-256-gcm', '-outform', 'DER', '-out', part, certificate]
    execFileSync('openssl', ['cms', ...flags], { input: 'anything', env: { PATH } })
    expect(restore('forged').said).toMatch(/app\.00000\.cms (was altered|does not have the \d+ bytes)/u)
    const lines = readFileSync(join(forged, 'MANIFEST'), 'utf8').split('\n')
    const hash = execFileSync('sha256sum', [part], { encoding: 'utf8', env: { PATH } }).split(' ')[0]
    const mended = lines.map((line) =>
      line.endsWith('app.00000.cms') ? `file ${hash} ${statSync(part).size} app.00000.cms` : line,
    )
    writeFileSync(join(forged, 'MANIFEST'), mended.join('\n'))
    expect(restore('forged')).toMatchObject(refused(65, 'is not signed by'))
    expect(content()).toEqual(['data'])
  })
})

describe('a backup that does not fit', () => {
  /** A copy with lines replaced in its manifest, signed again. */
  function resigned(name: string, change: (manifest: string) => string): string {
    cpSync(join(place, 'whole'), join(place, name), { recursive: true })
    const manifest = join(place, name, 'MANIFEST')
    writeFileSync(manifest, change(readFileSync(manifest, 'utf8')))
    const key = join(place, 'keys', 'sign.key')
    execFileSync('openssl', ['dgst', '-sha256', '-sign', key, '-out', `${manifest}.sig`, manifest], { env: { PATH } })
    return name
  }

  test('of a newer release, of another format, of the logs alone, or with a part that the layout lacks', () => {
    const newer = resigned('newer', (text) => text.replace(/^release .*$/mu, 'release 99.0.0'))
    expect(restore(newer)).toMatchObject(refused(65, 'was made by release 99.0.0, which is newer'))
    const format = resigned('format', (text) => text.replace('mandate-backup 1', 'mandate-backup 2'))
    expect(restore(format)).toMatchObject(refused(65, 'has a format that this release does not read'))
    const logs = resigned('logs', (text) => text.replace('kind whole', 'kind logs'))
    expect(restore(logs)).toMatchObject(refused(65, 'has the logs only'))
    writeFileSync(join(place, 'other-layout'), `folder other ${join(place, 'app')}\n`)
    const args = ['--layout', join(place, 'other-layout'), '--force', join(place, 'whole')]
    expect(run('restore.sh', args)).toMatchObject(refused(65, 'has the part app, which is not in'))
    expect(restore('nowhere')).toMatchObject(refused(65, 'is no folder'))
    expect(content()).toEqual(['data'])
  })

  test('an older release is restored: its schema is migrated at the start', () => {
    expect(restore(resigned('older', (text) => text.replace(/^release .*$/mu, 'release 0.1.9')))).toMatchObject({
      status: 0,
      said: expect.stringContaining('by release 0.1.9'),
    })
  })
})

describe('a failure on the way', () => {
  test('of a backup leaves nothing behind: what it reads is missing, or there is no room', () => {
    writeFileSync(join(place, 'gone'), `folder app ${join(place, 'nowhere')}\n`)
    const ran = run('backup.sh', ['--layout', join(place, 'gone'), join(place, 'failed')])
    expect(ran).toMatchObject(refused(74, 'Nothing was left of'))
    // Files may have 64 KiB, in place of a disk that is full.
    expect(backUp('failed', {}, 'ulimit -f 64; ')).toMatchObject(refused(74, 'Room there: '))
    expect(readdirSync(place).filter((name) => name.startsWith('failed'))).toEqual([])
  })

  test('of a restore leaves what was there, and names the place', () => {
    const before = readFileSync(join(place, 'app', 'data'))
    expect(restore('whole', {}, 'ulimit -f 64; ')).toMatchObject(
      refused(74, `app cannot be written into ${join(place, 'app')}`),
    )
    expect(content()).toEqual(['data'])
    expect(readFileSync(join(place, 'app', 'data')).equals(before)).toBe(true)
  })
})

describe('at the same time', () => {
  /** A process that holds a lock of the scripts until the test ends. */
  async function hold(...flags: readonly string[]): Promise<void> {
    const holder = spawn('flock', [...flags, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH } })
    onTestFinished(async () => {
      holder.stdin.end()
      await once(holder, 'exit')
    })
    holder.stdin.write('locked')
    await once(holder.stdout, 'data')
  }

  test('a whole backup waits for no other, and neither runs beside a restore', async () => {
    await hold(join(place, 'keys', 'sign.key'))
    expect(backUp('beside')).toMatchObject(refused(75, 'another whole backup is running'))
  })

  test('a restore is refused beside a backup', async () => {
    await hold('--shared', join(place, 'keys'))
    expect(restore()).toMatchObject(refused(75, 'backup.sh, or another restore.sh, is running'))
    expect(backUp('beside-logs')).toMatchObject({ status: 0 })
  })

  test('a backup is refused beside a restore', async () => {
    await hold(join(place, 'keys'))
    expect(backUp('beside')).toMatchObject(refused(75, 'restore.sh is running'))
  })
})

describe('in compose', { timeout: 120_000 }, () => {
  const { services } = readComposeFile()
  const volumes = (): string => join(place, 'volumes')
  const env = (more: Variables = {}): Variables => ({
    PATH: [join(place, 'bin'), PATH].join(delimiter),
    VOLUMES: volumes(),
    SERVICES: Object.keys(services).join(' '),
    POSTGRES: '17.10 (Debian 17.10-1)',
    MANDATE_SECRETS_DIR: join(place, 'secrets'),
    ...more,
  })
  const calls = (): string => readFileSync(join(volumes(), 'calls'), 'utf8')
  const file = (name: string): string => readFileSync(join(volumes(), name), 'utf8')

  beforeAll(async () => {
    mkdirSync(join(place, 'bin'))
    symlinkSync(join(ROOT, 'test/fixtures/docker-compose-stand-in.sh'), join(place, 'bin', 'docker'))
    for (const [name, { volumes: mounts }] of Object.entries(services))
      if (mounts.length > 0) {
        mkdirSync(join(volumes(), name), { recursive: true })
        writeFileSync(join(volumes(), name, 'of'), name)
      }
    writeFileSync(join(volumes(), 'postgres', 'PG_VERSION'), '17\n')
    mkdirSync(join(place, 'secrets'))
    writeFileSync(join(place, 'secrets', 'pdp_vault_key'), 'vault')
    for (const name of ['pdp-1', 'pdp-2']) {
      const signer = await loadSigner(nodeFiles(), join(volumes(), name), name)
      await (await openLog({ dir: join(volumes(), name, 'log'), origin: name, signer })).close()
    }
  })
  beforeEach(() => rmSync(join(volumes(), 'calls'), { force: true }))

  test('every volume of docker-compose.yml is backed up and restored; a container is paused only while it is read', () => {
    const ran = run('backup.sh', [join(place, 'compose')], env({ RUNNING: 'postgres care' }))
    expect(ran).toMatchObject({ status: 0 })
    expect(calls().match(/^compose (un)?pause .*$/gmu)).toEqual(['compose pause care', 'compose unpause care'])
    for (const name of ['pdp-1', 'pdp-2'])
      expect(readdirSync(join(volumes(), name)).filter((one) => one.startsWith('.'))).toEqual([])
    const keys = file('pdp-1/log.key')
    for (const folder of ['volumes', 'secrets']) renameSync(join(place, folder), join(place, `${folder}-before`))
    mkdirSync(volumes())
    expect(run('restore.sh', [join(place, 'compose')], env())).toMatchObject({ status: 0 })
    for (const [name, { volumes: mounts }] of Object.entries(services))
      for (const mount of mounts) {
        expect(mount.split(':')[1]).toBe(name === 'postgres' ? '/var/lib/postgresql/data' : '/data')
        if (name.startsWith('pdp-')) expect(existsSync(join(volumes(), name, 'restored'))).toBe(true)
        else expect(file(`${name}/of`)).toBe(name)
      }
    expect(file('pdp-1/log.key')).toBe(keys)
    expect(readFileSync(join(place, 'secrets', 'pdp_vault_key'), 'utf8')).toBe('vault')
  })

  test('refused: containers run, the place is not empty, PostgreSQL has another major version', () => {
    const from = join(place, 'compose')
    expect(run('restore.sh', ['--force', from], env({ RUNNING: 'care' }))).toMatchObject(
      refused(69, 'docker compose down'),
    )
    expect(run('restore.sh', [from], env())).toMatchObject(refused(73, 'is not empty'))
    const newer = env({ POSTGRES: '18.1 (Debian 18.1-1)' })
    expect(run('restore.sh', ['--force', from], newer)).toMatchObject(
      refused(65, 'is of PostgreSQL 17, and docker-compose.yml has 18'),
    )
    expect(readdirSync(join(volumes(), 'postgres')).toSorted()).toEqual(['PG_VERSION', 'of'])
  })

  test('secrets that had to come first are taken away again when the restore fails', () => {
    renameSync(join(place, 'secrets'), join(place, 'secrets-away'))
    expect(run('restore.sh', [join(place, 'compose')], env())).toMatchObject(refused(73, 'is not empty'))
    expect(readdirSync(join(place, 'secrets'))).toEqual([])
  })

  test('PostgreSQL keeps the write-ahead log that is written during a base backup', () => {
    const [, keep] = services['postgres']?.command?.join(' ').match(/wal_keep_size=(\S+)/u) ?? []
    expect(keep).toBe('1GB')
    expect(read('docs/runbook.md')).toContain('over 1 GB of write-ahead log')
  })
})

test('a restore is refused while a PDP runs on its directory', { timeout: 120_000 }, async () => {
  const dir = join(place, 'running')
  mkdirSync(join(dir, 'log'), { recursive: true })
  const signer = await loadSigner(nodeFiles(), dir, 'running')
  await (await openLog({ dir: join(dir, 'log'), origin: 'running', signer })).close()
  writeFileSync(join(place, 'pdp-layout'), `pdp pdp-1 ${dir}\n`)
  const args = ['--layout', join(place, 'pdp-layout')]
  const env = { MANDATE_LOG_COMMAND: `${process.execPath} pdp/src/cli/main.ts` }
  expect(run('backup.sh', [...args, join(place, 'of-pdp')], env)).toMatchObject({ status: 0 })
  const release = await nodeFiles().lock(join(dir, 'log', 'lock'))
  expect(run('restore.sh', [...args, '--force', join(place, 'of-pdp')])).toMatchObject(refused(69, 'a PDP runs on'))
  release()
  expect(run('restore.sh', [...args, '--force', join(place, 'of-pdp')])).toMatchObject({ status: 0 })
})
