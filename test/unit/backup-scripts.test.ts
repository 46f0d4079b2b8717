/**
 * The scripts of backups: what they refuse before they do anything, and that they know every volume of `docker-compose.yml`. `test/integration/backup.test.ts`
 * runs them whole.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, read, readComposeFile } from '../support/compose-file.ts'

const PATH = process.env['PATH'] ?? ''
let place = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'mandate-backup-scripts-'))
  const env = { PATH, MANDATE_BACKUP_KEYS: join(place, 'keys') }
  execFileSync(join(ROOT, 'deploy/make-backup-keys.sh'), [], { env })
  mkdirSync(join(place, 'pdp-1'))
  writeFileSync(join(place, 'layout'), `# one thing\n\nfolder app ${join(place, 'pdp-1')}\n`)
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

function run(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'deploy', name), args, {
    encoding: 'utf8',
    env: { PATH, MANDATE_BACKUP_KEYS: join(place, 'keys'), ...env },
  })
  return { status, said: `${stdout}${stderr}` }
}

test.for(['backup.sh', 'restore.sh'])('%s says what it is for, and what is wrong with its arguments', (name) => {
  expect(run(name, ['--help'])).toMatchObject({ status: 0, said: expect.stringContaining(`deploy/${name} [`) })
  expect(run(name, [])).toMatchObject({ status: 64, said: expect.stringContaining(`deploy/${name} `) })
  expect(run(name, ['--fast', 'x'])).toMatchObject({
    status: 64,
    said: expect.stringContaining('there is no option --fast'),
  })
  expect(run(name, ['a', 'b'])).toMatchObject({ status: 64 })
})

test('a layout that cannot be read, or has a mistake, is refused by name', () => {
  const refused = (text: string): string => {
    writeFileSync(join(place, 'wrong'), text)
    const ran = run('backup.sh', ['--layout', join(place, 'wrong'), join(place, 'out')])
    expect(ran.status).toBe(78)
    expect(existsSync(join(place, 'out'))).toBe(false)
    return ran.said
  }
  expect(refused('volume x /y\n')).toContain('volume is no kind')
  expect(refused('pdp ../x /y\n')).toContain('the name ../x')
  expect(refused('pdp pdp-1\n')).toContain('pdp pdp-1 has no directory')
  expect(refused('# nothing\n')).toContain('names nothing to back up')
  expect(run('backup.sh', ['--layout', join(place, 'none'), join(place, 'out')])).toMatchObject({ status: 78 })
})

test('without keys it says which script makes them, and keys are not replaced', () => {
  const out = ['--layout', join(place, 'layout'), join(place, 'out')]
  expect(run('backup.sh', out, { MANDATE_BACKUP_KEYS: join(place, 'none') })).toMatchObject({
    status: 78,
    said: expect.stringContaining('deploy/make-backup-keys.sh'),
  })
  expect(run('make-backup-keys.sh', [])).toMatchObject({ status: 73 })
  for (const name of readdirSync(join(place, 'keys'))) expect(statSync(join(place, 'keys', name)).mode & 0o077).toBe(0)
})

test('a backup that fails leaves nothing behind', () => {
  writeFileSync(join(place, 'gone'), `folder app ${join(place, 'nowhere')}\n`)
  const ran = run('backup.sh', ['--layout', join(place, 'gone'), join(place, 'failed')])
  expect(ran.status).not.toBe(0)
  expect(readdirSync(place).filter((name) => name.startsWith('failed'))).toEqual([])
})

test('a folder there and back, in several files, with its modes', () => {
  const source = join(place, 'pdp-1')
  writeFileSync(join(source, 'data'), randomBytes(300_000), { mode: 0o640 })
  const out = join(place, 'whole')
  const env = { MANDATE_BACKUP_PART_BYTES: '100000' }
  expect(run('backup.sh', ['--layout', join(place, 'layout'), out], env)).toMatchObject({ status: 0 })
  expect(readdirSync(out).filter((name) => name.endsWith('.cms')).length).toBeGreaterThan(3)
  expect(run('restore.sh', ['--layout', join(place, 'layout'), out])).toMatchObject({
    status: 73,
    said: expect.stringContaining('is not empty'),
  })
  rmSync(join(source, 'data'))
  expect(run('restore.sh', ['--layout', join(place, 'layout'), out])).toMatchObject({ status: 0 })
  expect(readdirSync(source)).toEqual(['data'])
  expect([statSync(join(source, 'data')).size, statSync(join(source, 'data')).mode & 0o777]).toEqual([300_000, 0o640])
})

test('every volume of compose is in a backup, in the folder that the scripts read', () => {
  const compose = readComposeFile()
  const library = read('deploy/backup-lib.sh')
  for (const [name, { volumes }] of Object.entries(compose.services))
    for (const volume of volumes) {
      const [, path] = volume.split(':')
      const isKnown = /^pdp-\d$/u.test(name) || library.includes(`"folder ${name} - -"`) || name === 'postgres'
      expect(isKnown, name).toBe(true)
      expect(path, name).toBe(name === 'postgres' ? '/var/lib/postgresql/data' : '/data')
    }
  const [, keep] = compose.services['postgres']?.command?.join(' ').match(/wal_keep_size=(\S+)/u) ?? []
  expect(keep).toBe('1GB')
})
