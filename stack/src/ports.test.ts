import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from './net.ts'
import { choosePorts } from './ports.ts'

test('a port that another server has since the last start is refused, with both variables', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-ports-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const kept = await freePort()
  writeFileSync(join(folder, 'ports.json'), JSON.stringify({ trips: kept }))
  const env = { MANDATE_PDP_PORT: String(kept) }
  await expect(choosePorts(folder, env)).rejects.toThrow(
    `MANDATE_PDP_PORT: trips has port ${kept} since the last start. Choose another port, or set MANDATE_TRIPS_PORT as well.`,
  )
  const other = { ...env, MANDATE_TRIPS_PORT: String(await freePort()) }
  expect(await choosePorts(folder, other)).toMatchObject({ pdp: kept, trips: Number(other.MANDATE_TRIPS_PORT) })
})
