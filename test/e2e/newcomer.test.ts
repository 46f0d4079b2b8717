/**
 * The whole path of a newcomer on embedded parts, by the letter of `docs/tutorial.md`: every command and file of the page, from a new policy pack to an
 * agent's permit, denial and revocation in a verified log.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openShell, type Shell } from '../support/shell.ts'
import { type Block, blocksOf } from '../support/tutorial.ts'

const CLONE = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(CLONE, 'docs/tutorial.md'), 'utf8')
/** What the programs of the page's other terminals print when they can be used. */
const READY: Readonly<Record<string, string>> = { demo: 'Ctrl-C stops everything.', service: 'lab is up' }

const folder = mkdtempSync(join(tmpdir(), 'mandate-newcomer-'))
const work = join(folder, 'my-lab')
const stateDir = join(folder, 'state')
const bin = join(folder, 'bin')
const environment: Readonly<Record<string, string>> = {
  ...(process.env as Record<string, string>),
  PATH: [bin, join(CLONE, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
  HOME: folder,
  XDG_CONFIG_HOME: join(folder, 'config'),
  MANDATE_STATE_DIR: stateDir,
  // `mandate login` opens a browser where there is a display.
  DISPLAY: ':0',
  DEMO_SECRETS: join(stateDir, 'embedded/secrets.json'),
}
const shells: Shell[] = []
const open = (cwd: string): Shell => {
  const shell = openShell(cwd, environment)
  shells.push(shell)
  return shell
}

beforeAll(() => {
  mkdirSync(bin)
  mkdirSync(work)
  const browser = join(bin, 'xdg-open')
  writeFileSync(browser, `#!/bin/sh\nexec '${process.execPath}' '${join(CLONE, 'test/support/open-as.ts')}' "$1"\n`)
  chmodSync(browser, 0o755)
})
afterAll(async () => {
  for (const shell of shells.reverse()) await shell.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The page's folder is a temporary one here; the reader of the page signs in as the login of the profile. */
const prepared = ({ text }: Block): string =>
  text.replaceAll('../my-lab', work).replaceAll(/^mandate login(?<options>.*)$/gmu, (line, options: string) => {
    const profile = /--profile (?<name>\w+)/u.exec(options)?.groups?.['name'] ?? 'carlo'
    return `export SIGN_IN_AS=${profile}\n${line}`
  })

test('every command of the tutorial works, and says what the page says', { timeout: 600_000 }, async () => {
  const first = open(CLONE)
  const said: string[] = []
  for (const block of blocksOf(PAGE)) {
    if (block.file !== undefined) writeFileSync(join(work, block.file), block.text)
    else if (block.terminal !== undefined)
      await open(block.terminal === 'demo' ? CLONE : work).start(prepared(block), READY[block.terminal] ?? '')
    else said.push(await first.run(prepared(block)))
  }
  const all = said.join('')
  expect(all).toContain('OK: 5 cases kept')
  expect(readFileSync(join(work, 'agent.out'), 'utf8')).toMatch(/^200 approved \S+\n403 amount_above_limit \S+\n$/u)
  expect(all).toMatch(/403 grant_revoked \S+\n403 grant_revoked /u)
  expect(all).toMatch(/amount_above_limit[\s\S]*100/u)
})
