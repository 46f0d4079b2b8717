/**
 * A service for the tests of its process: `SERVICE_STOP` is `cleanly`, `never` or `badly`, `SERVICE_START` anything but `fails`. It takes
 * `SERVICE_SECRET_FILE` again while it runs.
 *
 * @module
 */
import { z } from 'zod'
import { type Environment, readEnvironment } from './config.ts'
import { once } from './once.ts'
import { runService, stopOnSignals } from './run-service.ts'

const schema = z.strictObject({
  SERVICE_STOP: z.enum(['cleanly', 'never', 'badly', 'twice']),
  SERVICE_START: z.string().default('works'),
  SERVICE_SECRET: z.string().optional(),
})
const readConfig = (env: Environment) => readEnvironment(env, { prefix: 'SERVICE_', schema })
const write = (fields: object, message: string): void =>
  void process.stdout.write(`${JSON.stringify({ ...fields, message })}\n`)
/** A process without a handle ends by itself. */
const handle = setInterval(() => undefined, 60_000)

await runService({
  name: 'a service',
  readConfig,
  printableConfig: readConfig,
  createLogger: () => ({ info: write, error: write }),
  start: async ({ SERVICE_START, SERVICE_STOP }, logger) => {
    if (SERVICE_START === 'fails') throw new TypeError('no such database')
    const close = once(async () => {
      if (SERVICE_STOP === 'badly') throw new TypeError('the database is busy')
      // A second signal arrives meanwhile.
      if (SERVICE_STOP === 'twice') process.emit('SIGINT', 'SIGINT')
      if (SERVICE_STOP === 'never') await new Promise<never>(() => undefined)
      clearInterval(handle)
    })
    if (SERVICE_STOP === 'never') stopOnSignals(close, logger, 50)
    const prepare = (next: z.output<typeof schema>) => () =>
      write({ length: next.SERVICE_SECRET?.length }, 'taken again')
    return { url: 'http://127.0.0.1:1', close, reload: { files: ['SERVICE_SECRET_FILE'], prepare } }
  },
})
if (process.argv.includes('--print-config')) clearInterval(handle)
