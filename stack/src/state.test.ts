import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StartError } from './errors.ts'
import { describeRun, lockState, shellOf } from './state.ts'
import { temporaryFolder } from './temporary.fixture.ts'

const aPdp = (name: string) => ({ url: `http://${name}`, log: `/state/${name}/log`, key: `/state/${name}/log.vkey` })

test('of several PDPs every one is listed with its own log and key', () => {
  const run = {
    pid: 1,
    ...aPdp('pdp2'),
    pdps: [aPdp('pdp'), aPdp('pdp2')],
    issuer: 'http://issuer',
    secrets: '/state/secrets.json',
  }
  expect(describeRun(run)).toBe(
    `PDP      http://pdp
log      /state/pdp/log
key      /state/pdp/log.vkey

PDP      http://pdp2
log      /state/pdp2/log
key      /state/pdp2/log.vkey

issuer   http://issuer
secrets  /state/secrets.json
`,
  )
})

test('a run file of an earlier version has one PDP', () => {
  expect(describeRun({ pid: 1, ...aPdp('pdp') })).toMatch(/^PDP {6}http:\/\/pdp\nlog .*\nkey .*\n$/u)
})

test('a state folder belongs to one demo at a time', () => {
  const folder = temporaryFolder()
  const lock = lockState(folder)
  expect(() => lockState(folder)).toThrow('A demo is already running in this clone.')
  lock.release()
  lockState(folder).release()
})

test('a state folder that cannot be written is named with the reason', () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  expect(() => lockState(join(file, '.mandate'))).toThrow(StartError)
  expect(() => lockState(join(file, '.mandate'))).toThrow(/file\/\.mandate, which cannot be written: E/u)
})

test('a shell that evaluates it has the addresses, and mandate as a command', () => {
  const script = shellOf({ pid: 1, ...aPdp('pdp'), issuer: "http://it's/realms/mandate" })
  const read = (command: string): string =>
    execFileSync('sh', ['-c', `eval "$SCRIPT"; ${command}`], {
      env: { ...process.env, SCRIPT: script },
      encoding: 'utf8',
    })
  expect(read('echo "$MANDATE_PDP $MANDATE_ISSUER $MANDATE_LOG"')).toBe(
    "http://pdp http://it's/realms/mandate /state/pdp/log\n",
  )
  expect(read('mandate --version')).toMatch(/^\d+\.\d+\.\d+\n$/u)
})
