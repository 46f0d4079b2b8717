import { ConfigError } from '@mandate/service'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const ENV = { ISSUER_PORT: '8080', ISSUER_DATA_DIR: '/tmp/issuer' }

test('is never configured for production', () => {
  expect(readConfig(ENV)).toMatchObject({ host: '127.0.0.1', port: 8080, dataDir: '/tmp/issuer' })
  expect(() => readConfig({ ...ENV, NODE_ENV: 'production' })).toThrow(ConfigError)
  expect(() => readConfig({ ...ENV, ISSUER_PORT: '0' })).toThrow(ConfigError)
})
