import { expect, test } from 'vitest'
import { parseConfig } from './config.ts'
import { workerConfig } from './worker.ts'

const config = (port: string) =>
  parseConfig(
    {
      PDP_ISSUER: 'https://id.example/realms/x',
      PDP_DATA_DIR: '/data',
      PDP_LOG_ORIGIN: 'pdp.example/log',
      PDP_STORE_URL: 'postgres://localhost/pdp',
      PDP_INDEX_URL: 'postgres://localhost/index',
      PDP_VAULT_KEY: 'ab'.repeat(32),
      PDP_WORKERS: '3',
      PDP_WORKER_PORT: port,
      OPENFGA_URL: 'https://openfga.example',
    },
    () => '',
  ).config

test('the first worker keeps the settings of a single process, the others have a folder, an origin and a port of their own', () => {
  const shared = config('9000')
  expect(workerConfig(shared, 1)).toEqual(shared)
  expect(workerConfig(shared, 3)).toEqual({
    ...shared,
    PDP_DATA_DIR: '/data/worker-3',
    PDP_LOG_ORIGIN: 'pdp.example/log/w3',
    PDP_WORKER_PORT: 9002,
  })
})

test('port 0 is a free one for each worker', () => {
  expect(workerConfig(config('0'), 2).PDP_WORKER_PORT).toBe(0)
})
