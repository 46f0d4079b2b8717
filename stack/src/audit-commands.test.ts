import { expect, test } from 'vitest'
import { auditCommands } from './audit-commands.ts'

test('of several PDPs the commands read every log, each with its own key', () => {
  const [query, show, verify] = auditCommands('01KC', ['/state/pdp', '/state/pdp2'])
  for (const command of [query, show, verify])
    expect(command).toMatch(/^for PDP in "\/state\/pdp" "\/state\/pdp2"; do /u)
  expect(show).toContain('show --dir "$PDP/log" 01KC')
  expect(verify).toContain('verify --dir "$PDP/log" --key "$PDP/log.vkey"')
})

test('of one PDP they read the log that where names', () => {
  expect(auditCommands('01KC', [])[1]).toMatch(/show --dir "\$\(npm run --silent where -- log\)" 01KC$/u)
})
