import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pathsOf } from './paths.ts'

const FLAGS = ['electron', '--mandate-config=/elsewhere/config.json', '--mandate-data=/elsewhere']
const FOUND = { args: FLAGS, resources: '/opt/mandate', userData: '/home/a/mandate', exists: () => true }

test("an installation's configuration wins over the person's own", () => {
  expect(pathsOf({ ...FOUND, packaged: true })).toEqual({
    configFile: join('/opt/mandate', 'config.json'),
    dataDir: '/home/a/mandate',
  })
})

test("without one it is the person's own, and never one that is named at the start", () => {
  expect(pathsOf({ ...FOUND, packaged: true, exists: () => false })).toEqual({
    configFile: join('/home/a/mandate', 'config.json'),
    dataDir: '/home/a/mandate',
  })
})

test('from the sources it is the one that is named at the start', () => {
  expect(pathsOf({ ...FOUND, packaged: false })).toEqual({
    configFile: '/elsewhere/config.json',
    dataDir: '/elsewhere',
  })
})
