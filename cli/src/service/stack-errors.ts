/**
 * Errors of the demo's stack as errors of a command.
 *
 * @module
 */
import { CommandError, EXIT } from '../exit.ts'

/** Runs work of `@mandate/stack`. @throws CommandError with exit 65 for what is wrong with the request or the demo. */
export async function withStackErrors<T>(work: () => Promise<T>): Promise<T> {
  const { StartError } = await import('@mandate/stack')
  try {
    return await work()
  } catch (error) {
    if (error instanceof StartError) {
      const [title = '', ...more] = error.message.split('\n')
      throw new CommandError(EXIT.data, title, { mend: more.join('\n') || undefined, cause: error })
    }
    throw error
  }
}
