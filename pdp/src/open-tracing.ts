/**
 * Opens tracing where it is configured. The SDK is loaded only then: it costs start time and memory.
 *
 * @module
 */
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Tracing } from './ports/tracing.ts'
import { tracingOf } from './tracing-settings.ts'

/** @param closing - Gets what sends the last spans. @returns `undefined` while tracing is off. */
export async function openConfiguredTracing(
  config: Config,
  logger: Logger,
  closing: AsyncDisposableStack,
): Promise<Tracing | undefined> {
  const settings = tracingOf(config)
  if (!settings) return undefined
  const { openTracing } = await import('./tracing/open.ts')
  return openTracing(settings, logger, closing)
}
