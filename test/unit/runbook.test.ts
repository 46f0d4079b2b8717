/**
 * The runbook's commands inside containers: the image runs `node` by itself, in the folder of its room (deploy/Dockerfile).
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, read } from '../support/compose-file.ts'

/** `exec` runs what it is given; `run` hands it to the image's entrypoint. */
const COMMAND = /docker compose (?<how>exec|run)(?: --?[\w-]+)* (?<service>[\w-]+) (?<node>node )?(?<script>\S+\.ts)/gu
const commands = [...read('docs/runbook.md').matchAll(COMMAND)].map(({ 0: text, groups }) => ({ text, ...groups }))

test('there are commands to look at, and the image is as it is said to be', () => {
  expect(commands.length).toBeGreaterThan(3)
  const dockerfile = read('deploy/Dockerfile')
  expect(dockerfile).toContain('ENTRYPOINT ["node"]')
  expect(dockerfile).toMatch(/WORKDIR \/app\/\$\{ROOM\}/u)
})

test.for(commands)('$text', ({ how, service = '', node, script = '' }: Record<string, string | undefined>) => {
  // Each PDP has a service of its own: `pdp-1`.
  expect(existsSync(join(ROOT, service.replace(/^(pdp)-\d$/u, '$1'), script))).toBe(true)
  expect(node).toBe(how === 'exec' ? 'node ' : undefined)
})
