/**
 * One picture of the desktop app's window.
 *
 * @module
 */
import type { Page } from 'playwright-core'

export interface Shot {
  /** File name of the picture, without extension. */
  readonly name: string
  /** Which scene the played core answers with (`desktop/renderer/dev`). */
  readonly scene: string
  /** Hash route to open, such as `#/trips`. */
  readonly place?: string
  /** What a person does there before the picture is taken. */
  readonly steps?: (page: Page) => Promise<void>
}
