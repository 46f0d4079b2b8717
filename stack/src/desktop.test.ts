import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseDesktopCommand } from './desktop-arguments.ts'
import { findElectron } from './desktop-electron.ts'
import { desktopSettings } from './desktop-settings.ts'
import { MissingToolError } from './errors.ts'

describe('the command line', () => {
  test.for([
    [[], { kind: 'open', host: 'electron' }],
    [['--browser'], { kind: 'open', host: 'browser' }],
    [['--browser', '--help'], { kind: 'help' }],
  ] as const)('%j', ([args, command]) => {
    expect(parseDesktopCommand(args)).toEqual(command)
  })

  test.for([['--chrome'], ['browser'], ['--browser=yes']])('%s is a mistake, and named', ([argument = '']) => {
    expect(parseDesktopCommand([argument])).toMatchObject({
      kind: 'usage',
      problem: expect.stringMatching(/chrome|browser/),
    })
  })
})

describe("Electron's program", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mandate-electron-'))
    mkdirSync(join(folder, 'dist'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is where its package says', () => {
    writeFileSync(join(folder, 'path.txt'), 'electron.exe')
    writeFileSync(join(folder, 'dist/electron.exe'), '')
    expect(findElectron(folder, {})).toBe(join(folder, 'dist/electron.exe'))
  })

  test('is where the environment says, before its package has any', () => {
    writeFileSync(join(folder, 'electron'), '')
    expect(findElectron(folder, { ELECTRON_OVERRIDE_DIST_PATH: folder })).toBe(join(folder, 'electron'))
  })

  test.for([
    ['was never fetched', (): void => undefined],
    ['was fetched and is gone', (): void => writeFileSync(join(folder, 'path.txt'), 'electron')],
  ] as const)('when it %s, the way to get it and the way without it are named', ([, prepare]) => {
    prepare()
    expect(() => findElectron(folder, {})).toThrow(MissingToolError)
    expect(() => findElectron(folder, {})).toThrow(/^ {2}npx install-electron$/mu)
    expect(() => findElectron(folder, {})).toThrow(/^ {2}npm run desktop -- --browser$/mu)
  })
})

describe('the settings', () => {
  const run = { pid: 1, url: 'http://127.0.0.1:1', log: '/log', key: '/key' }

  test("are the demo's addresses, and every key of its log", () => {
    const here = {
      issuer: 'http://127.0.0.1:2/realms/mandate',
      trips: 'http://127.0.0.1:3',
      care: 'http://127.0.0.1:5',
      agent: 'http://127.0.0.1:4',
    }
    expect(desktopSettings({ ...run, ...here }, 'a+00000001+AA==\nb+00000002+AA==\n')).toEqual({
      issuer: here.issuer,
      clientId: 'desktop',
      services: { pdp: run.url, trips: here.trips, care: here.care },
      types: {
        trips: ['workflow', 'workflow_item', 'travel_account'],
        care: ['care_plan', 'care_task', 'care_account'],
      },
      agents: [{ id: 'booking-agent', title: 'Booking agent', url: here.agent }],
      people: [],
      logKeys: ['a+00000001+AA==', 'b+00000002+AA=='],
    })
    const story = { trip: 't', carlo: 'c-sub', yannick: 'y-sub', sam: 's-sub' }
    expect(desktopSettings({ ...run, ...here, story }, '')?.people).toEqual([
      { party: 'user:c-sub', name: 'Carlo' },
      { party: 'user:y-sub', name: 'Yannick' },
      { party: 'user:s-sub', name: 'Sam' },
    ])
  })

  test('have services and agents that were added: those with an address are asked for names, those without types can act', () => {
    const demo = { ...run, issuer: 'http://127.0.0.1:2', trips: 'http://127.0.0.1:3', agent: 'http://127.0.0.1:4' }
    const added = [
      { name: 'lab', types: ['lab_order'], calls: [], url: 'http://127.0.0.1:4100' },
      { name: 'older', types: ['older_thing'], calls: [] },
      { name: 'lab-bot', types: [], calls: ['lab'] },
    ]
    expect(desktopSettings(demo, '', added)).toMatchObject({
      types: { trips: ['workflow', 'workflow_item', 'travel_account'], lab: ['lab_order'] },
      services: { pdp: run.url, trips: demo.trips, lab: 'http://127.0.0.1:4100' },
      agents: [{ id: 'booking-agent' }, { id: 'lab-bot', title: 'Lab bot' }],
    })
  })

  test('are none for a demo that does not say where its services are', () => {
    expect(desktopSettings(run, '')).toBeUndefined()
  })
})
