import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  calledFirst,
  EXTRA_SERVICES_FILE,
  environmentOf,
  forgetExtraService,
  readExtraServices,
  storeExtraService,
} from './extra-services.ts'
import { temporaryFolder } from './temporary.fixture.ts'

const LAB = { name: 'lab', types: ['lab_order', 'lab_account'], pack: '/packs/lab', calls: [] }

test('a service keeps its secret when it is stored again, and the file is private', () => {
  const folder = temporaryFolder()
  const first = storeExtraService(folder, LAB)
  const again = storeExtraService(folder, { ...LAB, types: ['lab_order'] })
  expect(again.secret).toBe(first.secret)
  expect(readExtraServices(folder)).toEqual([{ ...LAB, types: ['lab_order'], secret: first.secret }])
  expect(statSync(join(folder, EXTRA_SERVICES_FILE)).mode & 0o077).toBe(0)
})

test('a service is deleted, once', () => {
  const folder = temporaryFolder()
  storeExtraService(folder, LAB)
  expect([forgetExtraService(folder, 'lab'), forgetExtraService(folder, 'lab')]).toEqual([true, false])
  expect(readExtraServices(folder)).toEqual([])
})

test('a file that is not valid is named, and not overwritten', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, EXTRA_SERVICES_FILE), '{"services": [{"name": "lab"}]}')
  expect(() => readExtraServices(folder)).toThrow(/services\.json is not a valid list of services/)
  expect(() => storeExtraService(folder, LAB)).toThrow(/not a valid list/)
})

test('the environment of its process has all that a service needs', () => {
  const text = environmentOf({ name: 'lab', secret: 's3' }, { issuer: 'http://id', pdp: 'http://pdp' })
  expect(text).toContain('MANDATE_ISSUER=http://id\nMANDATE_AUDIENCE=lab\nMANDATE_PDP_URL=http://pdp\n')
})

test('its port is that of its address, where that is one of this machine', () => {
  const portIn = (url?: string) =>
    /^PORT=.*$/mu.exec(environmentOf({ name: 'lab', secret: 's3', ...(url && { url }) }, { issuer: '', pdp: '' }))?.[0]
  expect(portIn('http://127.0.0.1:4101')).toBe('PORT=4101')
  expect(portIn('https://lab.example:8443')).toBeUndefined()
  expect(portIn()).toBeUndefined()
})

test('services come after those that they call, and a circle is refused', () => {
  const bot = { name: 'bot', calls: ['lab'] }
  const lab = { name: 'lab', calls: [] }
  expect(calledFirst([bot, lab])).toEqual([lab, bot])
  expect(() => calledFirst([bot, { name: 'lab', calls: ['bot'] }])).toThrow('in a circle: bot, lab')
})
