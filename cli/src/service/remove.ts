/**
 * `mandate service remove`.
 *
 * @module
 */
import type { Work } from '../command-line.ts'
import { CommandError, EXIT } from '../exit.ts'
import { withStackErrors } from './stack-errors.ts'

export const removeService: Work<{ readonly json?: true }> = async (io, { options, args: [name = ''] }) => {
  const { removeServiceFromDemo } = await import('@mandate/stack')
  const removed = await withStackErrors(() => removeServiceFromDemo(name))
  if (!removed)
    throw new CommandError(EXIT.notFound, `There is no service "${name}" in the demo.`, {
      mend: 'List them: mandate service list',
    })
  io.out(
    options.json
      ? `${JSON.stringify({ name })}\n`
      : `Removed ${name}. The PDP forgets it at its next start: npm start\n`,
  )
  return undefined
}
