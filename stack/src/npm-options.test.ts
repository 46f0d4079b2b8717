import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCommand } from './arguments.ts'
import { parseDesktopCommand } from './desktop-arguments.ts'
import { npmOptionObjection } from './npm-options.ts'
import { parseServe } from './serve-arguments.ts'
import { temporaryFolder } from './temporary.fixture.ts'

test.for([
  [() => parseCommand([], { npm_config_once: 'true' }), 'npm start -- --once'],
  [() => parseDesktopCommand([], { npm_config_browser: 'true' }), 'npm run desktop -- --browser'],
  [() => parseServe(['test/packs/todo'], { npm_config_pack: 'true' }), 'npm run serve -- --pack'],
] as const)('an option before -- is refused, with the command to write: %s', ([parse, command]) => {
  expect(parse()).toEqual({ kind: 'usage', problem: expect.stringMatching(new RegExp(`as in: ${command}$`)) })
})

test("settings of npm that are not the command's options are ignored", () => {
  const environment = { npm_config_browser: 'firefox', npm_config_offline: 'true' }
  expect(npmOptionObjection(environment, ['browser', 'help'], 'npm run desktop')).toBeUndefined()
})

test('the installed npm passes on what it took', () => {
  const directory = temporaryFolder()
  const scripts = { start: 'node -p process.env.npm_config_once' }
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'taken', scripts }))
  const { stdout } = spawnSync('npm', ['start', '--silent', '--once'], { cwd: directory, encoding: 'utf8' })
  expect(stdout.trim()).toBe('true')
})
